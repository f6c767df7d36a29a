"""A whole expression, and the moments at which it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice

from timetable.days import DayRule, parse_month_days, parse_week_days
from timetable.fields import HOUR, MINUTE, MONTH, BadExpression, parse_field
from timetable.months import following_month, preceding_month
from timetable.times import first_time, last_time, minute_after, minute_before, whole_minute

HORIZON_MONTHS = 12 * 8 + 1
"""How far to look: two 29ths of February can be eight years apart."""

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True)
class Schedule:
    """When a job runs."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    days: DayRule

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """A schedule from five fields (minute, hour, day, month, weekday) or a nickname. Raises `BadExpression`."""
        fields = split_fields(text)
        return cls(
            text=" ".join(text.split()),
            minutes=parse_field(fields[0], MINUTE),
            hours=parse_field(fields[1], HOUR),
            months=parse_field(fields[3], MONTH),
            days=DayRule(parse_month_days(fields[2]), parse_week_days(fields[4])),
        )

    def matches(self, moment: datetime) -> bool:
        """Does the job run in this minute?"""
        if moment.minute not in self.minutes or moment.hour not in self.hours or moment.month not in self.months:
            return False
        return moment.day in self.days.in_month(moment.year, moment.month)

    def next(self, after: datetime) -> datetime | None:
        """The first run later than `after`; None where there is none within eight years."""
        start = minute_after(after)
        for day in self._days_from(start.date()):
            earliest = start.time() if day == start.date() else time.min
            found = first_time(self.hours, self.minutes, earliest)
            if found is not None:
                return datetime.combine(day, found)
        return None

    def previous(self, before: datetime) -> datetime | None:
        """The last run earlier than `before`; None where there was none within eight years."""
        end = minute_before(before)
        for day in self._days_back_from(end.date()):
            latest = end.time() if day == end.date() else time.max
            found = last_time(self.hours, self.minutes, latest)
            if found is not None:
                return datetime.combine(day, found)
        return None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every run later than `moment`, in order."""
        run = self.next(moment)
        while run is not None:
            yield run
            run = self.next(run)

    def upcoming(self, start: datetime, count: int) -> list[datetime]:
        """The next `count` runs, `start` itself included."""
        return list(islice(self.after(minute_before(start)), count))

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """The runs from `start` on and before `end`."""
        found = []
        for run in self.after(minute_before(start)):
            if run >= end:
                break
            found.append(run)
        return found

    def at_or_before(self, moment: datetime) -> datetime | None:
        """The last run that is not later than `moment`."""
        return self.previous(minute_after(whole_minute(moment)))

    def _days_from(self, start: date) -> Iterator[date]:
        year, month = start.year, start.month
        for _ in range(HORIZON_MONTHS):
            if month in self.months:
                days = (date(year, month, day) for day in self.days.in_month(year, month))
                yield from (day for day in days if day >= start)
            year, month = following_month(year, month)

    def _days_back_from(self, end: date) -> Iterator[date]:
        year, month = end.year, end.month
        for _ in range(HORIZON_MONTHS):
            if month in self.months:
                days = (date(year, month, day) for day in reversed(self.days.in_month(year, month)))
                yield from (day for day in days if day <= end)
            year, month = preceding_month(year, month)


def split_fields(text: str) -> list[str]:
    """The five fields, nicknames replaced."""
    nickname = text.strip().lower()
    if nickname.startswith("@"):
        if nickname not in NICKNAMES:
            raise BadExpression(f"{nickname} is none of {', '.join(NICKNAMES)}")
        text = NICKNAMES[nickname]
    fields = text.split()
    if len(fields) != 5:
        raise BadExpression(f"an expression has 5 fields (minute hour day month weekday), not {len(fields)}")
    return fields
