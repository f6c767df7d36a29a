"""Which days of a month a schedule runs on: the fields for day of the month and day of the week, together."""

from dataclasses import dataclass

from timetable.fields import DAY, WEEKDAY, BadExpression, parse_field, parse_value
from timetable.months import days_in_month, last_weekday, nearest_workday, nth_weekday, weekday_of

MOST_FROM_END = 30
MOST_NTH = 5


@dataclass(frozen=True)
class MonthDays:
    """The day-of-month field."""

    numbers: tuple[int, ...] = ()
    from_end: tuple[int, ...] = ()
    """`L` is 0, `L-3` is 3: days before the month's last."""
    workdays: tuple[int, ...] = ()
    """`15W` is 15: the working day nearest to it."""
    restricted: bool = True

    def in_month(self, year: int, month: int) -> set[int]:
        """The days that the field names."""
        last = days_in_month(year, month)
        found = {day for day in self.numbers if day <= last}
        found.update(last - back for back in self.from_end if back < last)
        nearest = (nearest_workday(year, month, day) for day in self.workdays)
        return found.union(day for day in nearest if day is not None)


@dataclass(frozen=True)
class WeekDays:
    """The day-of-week field."""

    numbers: tuple[int, ...] = ()
    nth: tuple[tuple[int, int], ...] = ()
    """`fri#3` is (5, 3)."""
    last: tuple[int, ...] = ()
    """`friL` is 5: the month's last Friday."""
    restricted: bool = True

    def in_month(self, year: int, month: int) -> set[int]:
        """The days that the field names."""
        everyday = range(1, days_in_month(year, month) + 1)
        found = {day for day in everyday if weekday_of(year, month, day) in self.numbers}
        found.update(last_weekday(year, month, weekday) for weekday in self.last)
        counted = (nth_weekday(year, month, weekday, nth) for weekday, nth in self.nth)
        return found.union(day for day in counted if day is not None)


@dataclass(frozen=True)
class DayRule:
    """Both fields: either is enough where both are restricted."""

    month_days: MonthDays
    week_days: WeekDays

    def in_month(self, year: int, month: int) -> list[int]:
        """The days that run, ascending."""
        by_number = self.month_days.in_month(year, month)
        by_name = self.week_days.in_month(year, month)
        if self.month_days.restricted and self.week_days.restricted:
            return sorted(by_number | by_name)
        return sorted(by_number & by_name)


def parse_month_days(text: str) -> MonthDays:
    """The day-of-month field. Raises `BadExpression`."""
    numbers: set[int] = set()
    from_end, workdays = [], []
    for part in text.upper().split(","):
        if part.startswith("L"):
            from_end.append(parse_from_end(part))
        elif part.endswith("W"):
            workdays.append(parse_value(part.removesuffix("W"), DAY))
        else:
            numbers.update(parse_field(part, DAY))
    return MonthDays(tuple(sorted(numbers)), tuple(from_end), tuple(workdays), restricted=text != "*")


def parse_from_end(part: str) -> int:
    """`L` or `L-3`."""
    if part == "L":
        return 0
    dash, back = part[1:2], part[2:]
    if dash != "-" or not back.isdecimal() or int(back) > MOST_FROM_END:
        raise BadExpression(f"day: {part!r} is neither L nor L-1 to L-{MOST_FROM_END}")
    return int(back)


def parse_week_days(text: str) -> WeekDays:
    """The day-of-week field. Raises `BadExpression`."""
    numbers: set[int] = set()
    nth, last = [], []
    for part in text.upper().split(","):
        name, hash_sign, count = part.partition("#")
        if hash_sign:
            nth.append((parse_value(name, WEEKDAY), parse_nth(count)))
        elif part.endswith("L") and len(part) > 1:
            last.append(parse_value(part.removesuffix("L"), WEEKDAY))
        else:
            numbers.update(parse_field(part, WEEKDAY))
    return WeekDays(tuple(sorted(numbers)), tuple(nth), tuple(last), restricted=text != "*")


def parse_nth(text: str) -> int:
    """The number after a hash."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_NTH:
        raise BadExpression(f"weekday: #{text} is not between #1 and #{MOST_NTH}")
    return int(text)
