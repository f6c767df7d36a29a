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

    def __init__(self, file: Path, listener: Listener | None) -> None:
        self._file: TextIO = file.open("a", encoding="utf-8")
        self._listener = listener
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[structlog.processors.JSONRenderer(sort_keys=True)],
        )

    def emit(self, kind: str, text: str, **data: Any) -> None:
        """Keep the event, then tell the listener."""
        event = Event(kind=kind, text=text, data=data)
        self._log.info(kind, text=text, at=datetime.now(UTC).isoformat(timespec="milliseconds"), data=data)
        if self._listener is not None:
            self._listener(event)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()
