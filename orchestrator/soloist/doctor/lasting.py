"""Whether a long answer is cut at 2,048 tokens, as vLLM does by a checkpoint's generation_config and Ollama by its context.

vLLM and SGLang refuse a request at once whose `min_tokens` is above the limit that they would set: that proves it without a
long answer. Of other servers their own pages tell. Where neither does, only a long answer would prove it.
"""

import re
from typing import Final

from soloist_agents.models.contract import Model, ModelError, Sampling

from soloist.doctor.asking import Heard, ask, question
from soloist.doctor.finding import INNER, Finding, fine, missing, remark
from soloist.doctor.native import Native
from soloist.doctor.room import TOO_SMALL

CUT: Final = 2048
LONG: Final = 2560
"""Tokens of an answer that has passed the limit for certain."""
LAST: Final = f"{INNER}long answers"
COUNTING: Final = "Write the numbers from 1 to 4000, each on a line of its own. Leave none out and don't stop before 4000."
CHARACTERS: Final = 6 * LONG
"""A text so long has more than `CUT` tokens in every vocabulary, be it all digits."""
VLLM_CURE: Final = "start vLLM with --generation-config vllm"
_LIMIT: Final = re.compile(r"min_(?:new_)?tokens must be .{0,40}?max_(?:new_)?tokens\D{0,2}(\d+)")


async def by_minimum(model: Model, sampling: Sampling, patience: float) -> Finding:
    """Ask a server of the vLLM kind for at least so many tokens; hang up when it begins."""
    if sampling.max_tokens is not None and sampling.max_tokens < LONG:
        return remark(LAST, f"not asked for: max_tokens is {sampling.max_tokens:,} by your settings")
    longest = sampling.model_copy(update={"extra": {**sampling.extra, "min_tokens": LONG}})
    try:
        await ask(model, question(longest), patience=patience, enough=0.0)
    except ModelError as error:
        if limit := _LIMIT.search(str(error)):
            return missing(LAST, f"cut at {int(limit.group(1)):,} tokens", VLLM_CURE)
        return remark(LAST, f"not proved: {error}", "to ask for one: soloist doctor --long")
    return fine(LAST, f"not cut at {CUT:,}: the server takes a request for at least {LONG:,} tokens")


def by_page(native: Native, told: int | None, sampling: Sampling) -> Finding:
    """From what the server's own page says. `told`: tokens of context, None where no one knows."""
    if native.predicts and sampling.max_tokens is None:
        if native.predicts <= CUT:
            return missing(LAST, f"cut at {native.predicts:,} tokens", "start llama-server without -n")
        return fine(LAST, f"not cut at {CUT:,}: the server ends them at {native.predicts:,}")
    if told is not None and told <= TOO_SMALL:
        return missing(LAST, f"cut by the context of {told:,} tokens", "a larger context, as above")
    if native.kind in ("llamacpp", "ollama", "lmstudio") and native.context:
        return fine(LAST, f"not cut at {CUT:,} by the server's own word: the context of {native.context:,} is the limit")
    return remark(
        LAST, f"not proved: whether they are cut at {CUT:,} only a long one shows", "to ask for one: soloist doctor --long"
    )


async def by_asking(model: Model, sampling: Sampling, native: Native, patience: float) -> Finding:
    """Ask for a long answer, and wait for it. Raises `ModelError`."""
    request = question(sampling, COUNTING)
    return proof(await ask(model, request, patience=patience, enough=patience, characters=CHARACTERS), native)


def proof(heard: Heard, native: Native) -> Finding:
    """What a long answer shows."""
    tokens = f"{'about ' if heard.estimated else ''}{heard.tokens:,} tokens"
    if len(heard.text) > CHARACTERS or (heard.tokens > CUT + 16 and not heard.estimated):
        return fine(LAST, f"not cut at {CUT:,}: {tokens} came")
    if not heard.ended:
        return remark(LAST, f"not proved: {tokens} came before the doctor's time was up")
    if heard.completions[0].finish == "length":
        cure = VLLM_CURE if native.kind == "vllm" else "raise the server's limit for answers, and its context"
        return missing(LAST, f"cut after {tokens}", cure)
    return remark(LAST, f"not proved: the model ended its answer after {tokens}, uncut")
