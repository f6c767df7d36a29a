"""Days of a month. Weekdays count from 0 for Sunday, as in cron."""

import calendar
from datetime import date

SATURDAY, SUNDAY = 6, 0


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return calendar.monthrange(year, month)[1]


def weekday_of(year: int, month: int, day: int) -> int:
    """0 for Sunday to 6 for Saturday."""
    return date(year, month, day).isoweekday() % 7


def following_month(year: int, month: int) -> tuple[int, int]:
    """The month after this one."""
    return (year, month + 1) if month < 12 else (year + 1, 1)


def preceding_month(year: int, month: int) -> tuple[int, int]:
    """The month before this one."""
    return (year, month - 1) if month > 1 else (year - 1, 12)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> int | None:
    """The day that is the month's `nth` such weekday; None where the month has fewer."""
    first = 1 + (weekday - weekday_of(year, month, 1)) % 7
    day = first + 7 * (nth - 1)
    return day if day <= days_in_month(year, month) else None


def last_weekday(year: int, month: int, weekday: int) -> int:
    """The day that is the month's last such weekday."""
    last = days_in_month(year, month)
    return last - (weekday_of(year, month, last) - weekday) % 7


def nearest_workday(year: int, month: int, day: int) -> int | None:
    """The day from Monday to Friday nearest to `day`, in the same month; None where the month has no such day."""
    last = days_in_month(year, month)
    if day > last:
        return None
    weekday = weekday_of(year, month, day)
    if weekday == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == SUNDAY:
        return day + 1 if day < last else day - 2
    return day
