"""What programs do: a row for each program, a column for each call, in each cell what came of it.

Cells come from a sandbox and from nowhere else (`behaviour_running`). They are facts about one function's calls and prove nothing
about what is right: see `agreement`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

How = Literal["value", "raised", "opaque", "hung", "died", "unusable", "skipped"]
"""What came of a call: a literal value; an exception; a value that is no literal; no end in time; the end of the interpreter; no
module to call; not called, since the program has hung or died too often."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one call."""

    how: How
    same: str = ""
    """Of a value its key (see `behaviour_equality`), of an exception its class, of an opaque value its type."""

    @property
    def is_value(self) -> bool:
        """It returned something that can be compared."""
        return self.how == "value"


SKIPPED: Final = Seen("skipped")


@dataclass(frozen=True)
class Behaviours:
    """Programs by calls."""

    calls: tuple[str, ...]
    """Argument texts, all different."""
    rows: tuple[tuple[Seen, ...], ...]
    """One for each program, in the order given; each as long as `calls`."""
    seconds: float = 0.0
    """Wall-clock seconds that the executions took together."""
    jobs: int = 0
    """Sandbox jobs that it took."""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.calls) for row in self.rows):
            raise ValueError("every row must have a cell for each call")

    def only(self, columns: Sequence[int]) -> "Behaviours":
        """Only some of the calls, in this order."""
        return replace(
            self,
            calls=tuple(self.calls[at] for at in columns),
            rows=tuple(tuple(row[at] for at in columns) for row in self.rows),
        )

    def accepted(self, share: float) -> tuple[int, ...]:
        """Columns in which at least this share of the usable programs returned a value: the others are hardly valid inputs."""
        usable = [row for row in self.rows if any(cell.is_value for cell in row)]
        return tuple(
            at for at in range(len(self.calls)) if usable and sum(row[at].is_value for row in usable) >= share * len(usable)
        )
