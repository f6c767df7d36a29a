"""Times of a day. Hours and minutes are ascending tuples; every hour runs at every one of the minutes."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

MINUTE = timedelta(minutes=1)
LAST_MINUTE = 59


def first_time(hours: Sequence[int], minutes: Sequence[int], earliest: time) -> time | None:
    """The first time of the day that is `earliest` or later; None where none is left."""
    for hour in hours:
        if hour < earliest.hour:
            continue
        from_minute = earliest.minute if hour == earliest.hour else 0
        for minute in minutes:
            if minute >= from_minute:
                return time(hour, minute)
    return None


def last_time(hours: Sequence[int], minutes: Sequence[int], latest: time) -> time | None:
    """The last time of the day that is `latest` or earlier; None where there is none yet."""
    for hour in reversed(hours):
        if hour > latest.hour:
            continue
        to_minute = latest.minute if hour == latest.hour else LAST_MINUTE
        for minute in reversed(minutes):
            if minute < to_minute:
                return time(hour, minute)
    return None


def minute_after(moment: datetime) -> datetime:
    """The next whole minute that is later than `moment`."""
    return whole_minute(moment) + MINUTE


def minute_before(moment: datetime) -> datetime:
    """The last whole minute that is earlier than `moment`."""
    floor = whole_minute(moment)
    return floor if floor < moment else floor - MINUTE


def whole_minute(moment: datetime) -> datetime:
    """`moment` without its seconds."""
    return moment.replace(second=0, microsecond=0)
