"""Findings from what was heard: stop tokens, several answers to one request, speed."""

import re
from typing import Final

from soloist.doctor.asking import Heard
from soloist.doctor.finding import INNER, Finding, fine, missing, remark
from soloist.doctor.native import Native

MARKER: Final = re.compile(
    r"<\|(?:im_start|im_end|endoftext|eot_id|eom_id|start_header_id|end|user|assistant|end_of_text|return)\|>"
    r"|<(?:end_of_turn|start_of_turn)>|<\uff5c[^>]{1,30}\uff5c>|\[/?INST\]|</s>"
)
"""What chat templates write between turns; in an answer it has leaked."""
QUICK: Final = 0.02
"""Seconds; an answer that came within has no speed."""
SLOW: Final = 8.0
"""Tokens a second below which a run of minutes gets nowhere."""

STOP, SPEED, SEVERAL = f"{INNER}stop tokens", f"{INNER}speed", f"{INNER}n"
LONGER: Final = "to wait for the end: soloist doctor --long"


def stop_tokens(heard: Heard, native: Native) -> Finding:
    """Whether the answer ended by itself, and clean of the chat template's markers."""
    if leaked := MARKER.search(heard.text):
        template = (
            "start llama-server with --jinja" if native.kind == "llamacpp" else "serve it with the model's own chat template"
        )
        return missing(
            STOP, f"{leaked.group()} leaks into the answer", f"{template}, its end-of-turn token among the stop tokens"
        )
    if not heard.ended:
        doing = "writes" if "".join(heard.content).strip() else "thinks"
        return remark(STOP, f"not proved: no marker leaks, but it still {doing} after {heard.last - heard.started:.1f} s", LONGER)
    end = heard.completions[0]
    if end.finish == "loop":
        return remark(STOP, "it went round in a loop", "take a better quantisation (Q8_0 or bf16), or the preset's temperature")
    if end.finish != "stop":
        return remark(STOP, f"not proved: the answer was ended by the server ({end.finish}) after {heard.tokens} tokens", LONGER)
    if not end.content.strip():
        return remark(STOP, "it ended without an answer", "see the server's chat template and its reasoning parser")
    return fine(STOP, "honoured: the answer ended by itself, and no marker leaks")


def speed(heard: Heard, thinks: int, seconds: float) -> Finding:
    """Tokens a second; `thinks`: tokens that a first trace may have, 0 for none, `seconds`: what a run may take."""
    took = heard.last - (heard.first if heard.first is not None and not _hidden(heard) else heard.started)
    tokens = heard.tokens
    if took < QUICK or tokens < 2:
        return fine(SPEED, f"too quick to measure ({tokens} tokens in {1000 * max(took, 0):.0f} ms)")
    rate = tokens / took
    says = f"{'about ' if heard.estimated else ''}{rate:,.0f} tokens/s, one answer"
    if thinks and thinks / rate > seconds:
        need = f"a first trace of {thinks:,} tokens takes {thinks / rate:,.0f} s, a run may take {seconds:,.0f} s"
        return remark(SPEED, f"{says}: {need}", f"set budget.seconds to {_round(3 * thinks / rate):,}, or serve it on a GPU")
    if rate < SLOW:
        return remark(SPEED, f"{says}: slow", "serve it on a GPU, or take a smaller quantisation")
    return fine(SPEED, says)


def several(heard: Heard, said: bool | None, where: str) -> Finding:
    """Whether two answers came to one request; `said`: what the settings say, `where`: the setting's name."""
    one_call = len(heard.spent) == 1 and len(heard.completions) > 1
    if said is True and not one_call:
        return remark(SEVERAL, "one answer to a request, though serves_n is set", f"set {where}.serves_n = false")
    if one_call:
        return fine(SEVERAL, "several answers to one request")
    return fine(SEVERAL, "one answer to a request: several are asked for side by side")


def _hidden(heard: Heard) -> bool:
    """Was there thinking that the server counts and does not show? Then the wait for the first text was work too."""
    return any(usage.thinking for usage in heard.spent) and not "".join(heard.thinking)


def _round(seconds: float) -> int:
    return int(seconds // 100 + 1) * 100
