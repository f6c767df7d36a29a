"""Findings about the context's length."""

from collections.abc import Mapping
from typing import Final

from soloist.doctor.finding import INNER, Finding, fine, missing, remark
from soloist.doctor.native import Native

TOO_SMALL: Final = 4096
"""Tokens; what Ollama and LM Studio load unless told otherwise. No step fits with its prompt and its answer."""
WANTED: Final = 65_536
CONTEXT: Final = f"{INNER}context"

_LARGER: Final[Mapping[str | None, str]] = {
    "vllm": f"start vLLM with --max-model-len {WANTED}",
    "sglang": f"start SGLang with --context-length {WANTED}",
    "llamacpp": f"start llama-server with -c {WANTED} (it is shared by its --parallel slots)",
    "ollama": f"start Ollama with OLLAMA_CONTEXT_LENGTH={WANTED}",
    "lmstudio": f"load the model in LM Studio with a context length of {WANTED}",
    None: "start the server with a larger context",
}


def context(native: Native, listed: int | None, said: int | None, wanted: int, where: str) -> Finding:
    """`listed`: in the list of models; `said`: in the settings; `wanted`: tokens of prompt and longest trace."""
    told = native.context or listed
    if told is None:
        if said is None:
            return remark(CONTEXT, "the server does not tell", f"set {where}.context to its tokens, if answers break off")
        return fine(CONTEXT, f"{said:,} tokens by your settings; the server does not tell")
    if told <= TOO_SMALL:
        return missing(CONTEXT, f"{told:,} tokens: prompt and answer do not fit", _LARGER[native.kind])
    if said is not None and said > told:
        return remark(CONTEXT, f"{told:,} tokens, not {said:,} as your settings say", f"set {where}.context = {told}")
    if min(told, said or told) < wanted and said is None:
        cure = f"set {where}.context = {told}, or {_LARGER[native.kind]}"
        return remark(CONTEXT, f"{told:,} tokens; prompt and longest trace may want {wanted:,}", cure)
    return fine(CONTEXT, f"{told:,} tokens" + (f", {said:,} used" if said is not None and said < told else ""))
