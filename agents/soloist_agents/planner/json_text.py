"""A JSON object inside a model's text."""

import json
from typing import Any

from soloist_agents.extract import fenced_blocks

MOST_TRIED = 20


def json_in(text: str) -> dict[str, Any] | None:
    """The last fenced JSON object, else the first one that stands bare; None when there is none."""
    for block in reversed(fenced_blocks(text)):
        if (found := _loaded(block.code)) is not None:
            return found
    start, decoder = text.find("{"), json.JSONDecoder()
    for _ in range(MOST_TRIED):
        if start < 0:
            return None
        try:
            found, _ = decoder.raw_decode(text, start)
        except ValueError:
            start = text.find("{", start + 1)
            continue
        return found if isinstance(found, dict) else None
    return None


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
