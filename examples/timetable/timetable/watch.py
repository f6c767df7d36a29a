"""Watching a job: is it overdue, and which of its runs were missed?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from timetable.schedule import Schedule
from timetable.times import MINUTE

NO_GRACE = timedelta(0)


@dataclass(frozen=True)
class Health:
    """How a job is doing."""

    status: Literal["on time", "late", "missed"]
    due: datetime | None
    """When it should have run last."""
    missed: int
    """How many of its runs did not happen."""


def last_due(schedule: Schedule, now: datetime, grace: timedelta = NO_GRACE) -> datetime | None:
    """The last moment at which the job should have run and can't be excused any more."""
    return schedule.at_or_before(now - grace)


def is_overdue(schedule: Schedule, last_run: datetime, now: datetime, grace: timedelta = NO_GRACE) -> bool:
    """Should the job have run again since `last_run`?"""
    due = last_due(schedule, now, grace)
    return due is not None and last_run < due


def lateness(schedule: Schedule, last_run: datetime, now: datetime) -> timedelta:
    """How long the job has been due; zero when it is on time."""
    if not is_overdue(schedule, last_run, now):
        return timedelta(0)
    first_missed = schedule.next(last_run)
    return now - first_missed if first_missed is not None else timedelta(0)


def missed_runs(schedule: Schedule, last_run: datetime, now: datetime, grace: timedelta = NO_GRACE) -> list[datetime]:
    """The runs after `last_run` that did not happen, oldest first."""
    due = last_due(schedule, now, grace)
    if due is None or due <= last_run:
        return []
    return schedule.between(last_run + MINUTE, due + MINUTE)


def health(schedule: Schedule, last_run: datetime, now: datetime, grace: timedelta = NO_GRACE) -> Health:
    """On time, late (still within the grace), or missed."""
    missed = missed_runs(schedule, last_run, now, grace)
    due = last_due(schedule, now)
    if missed:
        return Health("missed", due, len(missed))
    return Health("late" if is_overdue(schedule, last_run, now) else "on time", due, 0)
