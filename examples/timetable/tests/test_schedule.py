from datetime import datetime, timedelta

import pytest

from timetable import BadExpression, Schedule

FRIDAY = datetime(2026, 3, 6, 12, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", datetime(2026, 3, 6, 12, 21)),
        ("*/15 * * * *", datetime(2026, 3, 6, 12, 30)),
        ("20 12 * * *", datetime(2026, 3, 7, 12, 20)),
        ("0 9 * * mon-fri", datetime(2026, 3, 9, 9, 0)),
        ("0 0 L * *", datetime(2026, 3, 31)),
        ("30 6 15W 8 *", datetime(2026, 8, 14, 6, 30)),
        ("0 12 29 2 *", datetime(2028, 2, 29, 12)),
        ("0 0 13 * fri", datetime(2026, 3, 13)),
        ("@yearly", datetime(2027, 1, 1)),
        ("@hourly", datetime(2026, 3, 6, 13)),
    ],
)
def test_the_next_run(text: str, expected: datetime) -> None:
    assert Schedule.parse(text).next(FRIDAY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/15 * * * *", datetime(2026, 3, 6, 12, 15)),
        ("19 12 * * *", datetime(2026, 3, 6, 12, 19)),
        ("20 12 * * *", datetime(2026, 3, 5, 12, 20)),
        ("0 18 * * mon-fri", datetime(2026, 3, 5, 18)),
        ("59 23 * * *", datetime(2026, 3, 5, 23, 59)),
        ("0 0 L * *", datetime(2026, 2, 28)),
        ("0 12 29 2 *", datetime(2024, 2, 29, 12)),
        ("0 8 * * fri#3", datetime(2026, 2, 20, 8)),
        ("@yearly", datetime(2026, 1, 1)),
    ],
)
def test_the_previous_run(text: str, expected: datetime) -> None:
    assert Schedule.parse(text).previous(FRIDAY) == expected


def test_a_day_that_never_comes_has_no_runs() -> None:
    never = Schedule.parse("0 0 30 2 *")
    assert never.next(FRIDAY) is None
    assert never.previous(FRIDAY) is None


def test_upcoming_runs_include_the_start() -> None:
    runs = Schedule.parse("0,30 8-9 * * *").upcoming(datetime(2026, 3, 6, 8, 30), 4)
    assert [run.strftime("%d %H:%M") for run in runs] == ["06 08:30", "06 09:00", "06 09:30", "07 08:00"]


def test_between_leaves_the_end_out() -> None:
    hourly = Schedule.parse("@hourly")
    assert hourly.between(FRIDAY, FRIDAY + timedelta(hours=2)) == [datetime(2026, 3, 6, 13), datetime(2026, 3, 6, 14)]
    assert len(hourly.between(datetime(2026, 3, 6), datetime(2026, 3, 7))) == 24


@pytest.mark.parametrize("text", ["7 3 * * *", "*/20 22-2 * * *", "0 4 1,15 * sun", "45 23 L * *"])
def test_previous_is_the_way_back_from_next(text: str) -> None:
    schedule = Schedule.parse(text)
    runs = schedule.upcoming(FRIDAY, 6)
    assert [schedule.previous(run + timedelta(minutes=1)) for run in runs] == runs


def test_at_or_before_is_the_moment_itself_when_it_runs() -> None:
    schedule = Schedule.parse("5 * * * *")
    assert schedule.at_or_before(datetime(2026, 3, 6, 12, 7, 30)) == datetime(2026, 3, 6, 12, 5)
    assert schedule.at_or_before(datetime(2026, 3, 6, 12, 5)) == datetime(2026, 3, 6, 12, 5)


def test_matches_knows_every_field() -> None:
    schedule = Schedule.parse("*/10 12 6 3 *")
    assert schedule.matches(FRIDAY)
    others = [FRIDAY + timedelta(minutes=1), FRIDAY + timedelta(hours=1), FRIDAY + timedelta(days=1)]
    assert not any(schedule.matches(other) for other in others)
    assert not schedule.matches(FRIDAY.replace(month=4))


@pytest.mark.parametrize("text", ["", "* * * *", "* * * * * *", "@fortnightly", "61 * * * *", "* 24 * * *"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        Schedule.parse(text)


def test_white_space_does_not_matter() -> None:
    assert Schedule.parse("  0   4 * *  * ") == Schedule.parse("0 4 * * *")
