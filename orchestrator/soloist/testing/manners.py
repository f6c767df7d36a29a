"""How servers differ, as far as a client notices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Reasoning = Literal["reasoning", "reasoning_content", "inline"]
"""Where thinking stands: in one of two fields beside the content, or in the content between `<think>` and `</think>`."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What kind of server this is."""

    models: tuple[str, ...] = ()
    """Names served, others get a 404. Empty: every name; the list of models then says "scripted"."""
    max_model_len: int | None = 131072
    """Context length in tokens, shown in the list of models as vLLM does. None leaves it out."""
    reasoning: Reasoning = "reasoning"
    serves_n: bool | Literal["refused"] = True
    """False: `n` > 1 gets one choice, without a word. "refused": a 400."""
    serves_logprobs: bool | Literal["refused"] = True
    """False: who asks for `logprobs` gets null, without a word. "refused": a 400."""
    sends_usage: bool = True
    api_key: str | None = field(default=None, repr=False)
    """Where set, every request must bear it; others get a 401."""
    pages: Mapping[str, Any] = field(default_factory=dict)
    """Further paths that can be got, for example {"/props": {…}}, with the JSON found there."""


VLLM = Manners()
SGLANG = Manners(reasoning="reasoning_content")
LM_STUDIO = Manners(reasoning="reasoning_content", serves_n=False, max_model_len=None)
LLAMA_CPP = Manners(reasoning="inline", serves_n="refused", max_model_len=None)
OLLAMA = Manners(serves_n=False, max_model_len=None)
