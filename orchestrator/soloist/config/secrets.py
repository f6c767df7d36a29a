"""Takes keys out of text before it is shown, kept or sent on."""

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MARK: Final = "[secret]"
SHORTEST: Final = 8
"""Shorter values are placeholders, such as "none" or "ollama"; to take them out would spoil innocent text."""


class Scrubber:
    """Replaces known secrets, also as JSON and URLs write them. Text that comes in pieces must be joined before."""

    def __init__(self, values: Iterable[str]) -> None:
        secrets = {value for value in values if len(value) >= SHORTEST}
        written = secrets | {json.dumps(value)[1:-1] for value in secrets} | {quote(value, safe="") for value in secrets}
        self._written = sorted(written, key=len, reverse=True)  # a secret that holds another one goes first

    def __repr__(self) -> str:
        return f"Scrubber({len(self._written)} forms)"

    def clean(self, text: str) -> str:
        """The text without secrets; linear in its length (`str.replace` searches in linear time)."""
        for secret in self._written:
            text = text.replace(secret, MARK)
        return text
