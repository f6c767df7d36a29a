"""Several schedules together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from timetable.schedule import Schedule


@dataclass(frozen=True)
class Union:
    """Runs whenever one of its schedules does."""

    schedules: tuple[Schedule, ...]

    @classmethod
    def parse(cls, *texts: str) -> "Union":
        """A union of expressions. Raises `BadExpression`."""
        return cls(tuple(Schedule.parse(text) for text in texts))

    def next(self, after: datetime) -> datetime | None:
        """The first run later than `after`."""
        return min(self._known(schedule.next(after) for schedule in self.schedules), default=None)

    def previous(self, before: datetime) -> datetime | None:
        """The last run earlier than `before`."""
        return max(self._known(schedule.previous(before) for schedule in self.schedules), default=None)

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """The runs from `start` on and before `end`, each once."""
        return sorted({run for schedule in self.schedules for run in schedule.between(start, end)})

    @staticmethod
    def _known(runs: Iterable[datetime | None]) -> list[datetime]:
        return [run for run in runs if run is not None]


def first_clash(left: Schedule, right: Schedule, after: datetime, until: datetime) -> datetime | None:
    """The first minute after `after` and before `until` in which both run."""
    one, other = left.next(after), right.next(after)
    while one is not None and other is not None and max(one, other) < until:
        if one == other:
            return one
        if one < other:
            one = left.next(other) if not left.matches(other) else other
        else:
            other = right.next(one) if not right.matches(one) else one
    return None
