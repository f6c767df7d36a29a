"""Live progress on standard error: a status line on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from soloist.cli.printable import printable
from soloist.events import Event

QUIET_SECONDS = 5.0
"""Without a terminal, the counting lines come at most this often."""
COUNTING = ("step.batch", "step.start", "step.repair")


class Progress:
    """Shows events as they come."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._tried: dict[str, int] = {}
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.quiet:
            self._status = self._console.status("looking")
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pause()

    def pause(self) -> None:
        """Stop drawing, for example while a question is asked."""
        if self._status is not None:
            self._status.stop()

    def hear(self, event: Event) -> None:
        """Show one event."""
        if event.kind in COUNTING:
            self._count(event)
            return
        name, text = escape(event.kind.split(".")[0]), escape(printable(event.text))
        self._console.print(f"[bold cyan]{name:>8}[/]  {text}")

    def _count(self, event: Event) -> None:
        self._tried[event.data["step"]] = event.data.get("tried", self._tried.get(event.data["step"], 0))
        line = f"{sum(self._tried.values())} candidates tried in {len(self._tried)} functions"
        if self._status is not None:
            self._status.update(line)
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._last = time.monotonic()
            self._console.print(f"{'solve':>8}  {line}")
