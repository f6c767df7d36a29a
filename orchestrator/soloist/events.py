"""What happens during a run, as it happens: kept as JSON lines, and shown by whoever listens."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import structlog
from pydantic import Field
from soloist_sandbox.contract import Value


class Event(Value):
    """One thing that happened."""

    kind: str
    """Dotted name, for example "step.verdict"."""
    text: str
    """One line for people."""
    data: Mapping[str, Any] = Field(default_factory=dict)
    """JSON-able details."""


Listener = Callable[[Event], None]


class Journal:
    """Writes every event of a run to a file, one JSON object a line, and passes it on."""

    def __init__(self, file: Path, listener: Listener | None, scrub: Callable[[str], str] = str) -> None:
        """`scrub` takes secrets out of a text."""
        self.scrub = scrub
        self._file: TextIO = file.open("a", encoding="utf-8")
        self._listener = listener
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[structlog.processors.JSONRenderer(sort_keys=True)],
        )

    def emit(self, kind: str, text: str, **data: Any) -> None:
        """Keep the event, then tell the listener."""
        event = Event(kind=kind, text=self.scrub(text), data=_scrubbed(data, self.scrub))
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._log.info(kind, text=event.text, at=at, data=event.data)
        if self._listener is not None:
            self._listener(event)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()


def _scrubbed(value: Any, scrub: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: _scrubbed(inner, scrub) for key, inner in value.items()}
    return [_scrubbed(inner, scrub) for inner in value] if isinstance(value, list | tuple) else value
