"""An expression in English."""

from collections.abc import Sequence
from itertools import pairwise

from timetable.days import DayRule, MonthDays, WeekDays
from timetable.fields import HOUR, MINUTE
from timetable.schedule import Schedule

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
MOST_TIMES = 4


def explain(text: str) -> str:
    """What a schedule does, in one phrase. Raises `BadExpression`."""
    schedule = Schedule.parse(text)
    parts = [explain_times(schedule.hours, schedule.minutes), explain_days(schedule.days)]
    if len(schedule.months) < 12:
        parts.append("in " + listed([MONTHS[month - 1] for month in schedule.months]))
    return ", ".join(part for part in parts if part)


def explain_times(hours: Sequence[int], minutes: Sequence[int]) -> str:
    """The time of day."""
    if len(hours) * len(minutes) <= MOST_TIMES:
        return "at " + listed([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])
    when = explain_minutes(minutes)
    if len(hours) == HOUR.size:
        return when
    if is_run(hours):
        return f"{when} from {hours[0]:02}:00 to {hours[-1]:02}:59"
    return f"{when} of hour " + listed([str(hour) for hour in hours])


def explain_minutes(minutes: Sequence[int]) -> str:
    """The minutes of an hour."""
    if len(minutes) == MINUTE.size:
        return "every minute"
    step = common_step(minutes)
    if step is not None and minutes[0] == 0 and step * len(minutes) == MINUTE.size:
        return f"every {step} minutes"
    return "at minute " + listed([str(minute) for minute in minutes])


def explain_days(days: DayRule) -> str:
    """The days, or nothing for every day."""
    month_days = explain_month_days(days.month_days) if days.month_days.restricted else ""
    week_days = explain_week_days(days.week_days) if days.week_days.restricted else ""
    return " or ".join(f"on {part}" for part in (month_days, week_days) if part)


def explain_month_days(days: MonthDays) -> str:
    """The day-of-month field."""
    parts = [f"the {ordinal(day)}" for day in days.numbers]
    parts += [
        "the last day of the month" if not back else f"the {ordinal(back + 1)} last day" for back in days.from_end
    ]
    parts += [f"the working day nearest to the {ordinal(day)}" for day in days.workdays]
    return listed(parts)


def explain_week_days(days: WeekDays) -> str:
    """The day-of-week field."""
    if len(days.numbers) > 2 and is_run(days.numbers):
        parts = [f"{WEEKDAYS[days.numbers[0]]} to {WEEKDAYS[days.numbers[-1]]}"]
    else:
        parts = [WEEKDAYS[number] for number in days.numbers]
    parts += [f"the {ordinal(nth)} {WEEKDAYS[number]}" for number, nth in days.nth]
    parts += [f"the last {WEEKDAYS[number]}" for number in days.last]
    return listed(parts)


def common_step(values: Sequence[int]) -> int | None:
    """The one distance between neighbours; None where there is no such distance."""
    steps = {high - low for low, high in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def is_run(values: Sequence[int]) -> bool:
    """Do the values follow each other without a gap?"""
    return values[-1] - values[0] == len(values) - 1


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    teen = number % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
