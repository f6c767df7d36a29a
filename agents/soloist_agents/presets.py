"""How a kind of model wants to be asked: sampling, thinking budgets, stops, form of the prompt."""

import difflib
import json
from typing import Final

from pydantic import Field
from soloist_sandbox.contract import Value

from soloist_agents.models.contract import Sampling


class Preset(Value):
    """What is known of a kind of model. Settings of the user's own go before it."""

    name: str
    sampling: Sampling = Sampling()
    """Temperature, top_p and stop texts."""
    stop_token_ids: tuple[int, ...] = ()
    """For servers that take ids (vLLM, SGLang)."""
    thinking: tuple[int, ...] = ()
    """Tokens that the model may have thought after each round, rising; a trace cut at one budget goes on to the next.
    Empty: the model does not think, or its server sees to it."""
    thinks_always: bool = False
    """True when nothing switches thinking off: an answer without its end of thinking is a cut trace, not an answer."""
    one_user_message: bool = False
    """True when all instructions belong into one user message, without a system message."""
    prompt: str = "plain"
    """Name of the family of prompt files."""
    matches: tuple[str, ...] = Field(default=(), repr=False)
    """The preset is taken for model ids that contain one of these, in lower case."""


VIBETHINKER: Final = Preset(
    name="vibethinker",
    sampling=Sampling(temperature=1.0, top_p=0.95, stop=("<|im_end|>", "<|endoftext|>")),
    stop_token_ids=(151645, 151643),
    thinking=(8_192, 24_576, 40_960),
    thinks_always=True,
    one_user_message=True,
    prompt="vibethinker",
    matches=("vibethinker",),
)
"""VibeThinker-3B. Most problems that it solves first time are done within 8,192 tokens, the report's limit is 40,960."""

REASONING: Final = Preset(name="reasoning", thinking=(8_192, 24_576, 40_960), one_user_message=True, prompt="reasoning")
"""Other reasoning models; sampling is left to the server."""

PLAIN: Final = Preset(name="plain")
"""Planners, and models of which nothing is known."""

PRESETS: Final = {preset.name: preset for preset in (VIBETHINKER, REASONING, PLAIN)}


def preset_named(name: str) -> Preset:
    """The preset of this name. Raises `ValueError`, in one line, when there is none."""
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=1)
    raise ValueError(
        f"there is no preset {json.dumps(name)}; " + (f'did you mean "{near[0]}"?' if near else f"known: {', '.join(PRESETS)}")
    )


def preset_for(model: str | None) -> Preset | None:
    """The preset that a model's id calls for, as `WeiboAI/VibeThinker-3B` or a GGUF of it does; None when no one knows."""
    folded = (model or "").casefold()
    return next((preset for preset in PRESETS.values() if any(mark in folded for mark in preset.matches)), None)
