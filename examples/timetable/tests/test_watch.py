from datetime import datetime, timedelta

import pytest

from timetable import Health, Schedule, health, is_overdue, last_due, missed_runs
from timetable.watch import lateness

NIGHTLY = Schedule.parse("30 2 * * *")
QUARTERS = Schedule.parse("*/15 * * * *")
NOW = datetime(2026, 3, 6, 12, 0)
GRACE = timedelta(minutes=10)


def test_the_last_due_run_is_this_night() -> None:
    assert last_due(NIGHTLY, NOW) == datetime(2026, 3, 6, 2, 30)


def test_a_run_is_due_from_its_own_minute_on() -> None:
    assert last_due(QUARTERS, NOW) == NOW
    assert last_due(QUARTERS, NOW - timedelta(minutes=1)) == datetime(2026, 3, 6, 11, 45)


def test_grace_excuses_the_newest_run() -> None:
    assert last_due(QUARTERS, NOW, GRACE) == datetime(2026, 3, 6, 11, 45)
    assert last_due(NIGHTLY, datetime(2026, 3, 6, 2, 39), GRACE) == datetime(2026, 3, 5, 2, 30)


@pytest.mark.parametrize(
    ("last_run", "overdue"),
    [(datetime(2026, 3, 6, 2, 30), False), (datetime(2026, 3, 6, 2, 29), True), (datetime(2026, 3, 5, 2, 30), True)],
)
def test_overdue_is_what_did_not_run_since_it_was_due(last_run: datetime, overdue: bool) -> None:
    assert is_overdue(NIGHTLY, last_run, NOW) is overdue


def test_nothing_is_missed_when_the_job_ran_in_time() -> None:
    assert missed_runs(NIGHTLY, datetime(2026, 3, 6, 2, 31), NOW) == []


def test_missed_runs_are_told_oldest_first() -> None:
    nights = missed_runs(NIGHTLY, datetime(2026, 3, 3, 2, 30), NOW)
    assert [night.day for night in nights] == [4, 5, 6]


def test_the_run_of_this_very_minute_is_missed_without_grace() -> None:
    assert missed_runs(QUARTERS, datetime(2026, 3, 6, 11, 30), NOW) == [datetime(2026, 3, 6, 11, 45), NOW]


def test_lateness_counts_from_the_first_missed_run() -> None:
    assert lateness(NIGHTLY, datetime(2026, 3, 5, 2, 30), NOW) == timedelta(hours=9, minutes=30)
    assert lateness(NIGHTLY, datetime(2026, 3, 6, 2, 30), NOW) == timedelta(0)


def test_a_healthy_job_is_on_time() -> None:
    assert health(NIGHTLY, datetime(2026, 3, 6, 2, 30), NOW) == Health("on time", datetime(2026, 3, 6, 2, 30), 0)


def test_within_the_grace_a_job_is_late() -> None:
    assert health(QUARTERS, datetime(2026, 3, 6, 11, 45), NOW, GRACE) == Health("late", NOW, 0)


def test_after_the_grace_its_runs_are_missed() -> None:
    five_past = NOW + timedelta(minutes=5)
    assert health(QUARTERS, datetime(2026, 3, 6, 11, 15), five_past, GRACE) == Health("missed", NOW, 2)
