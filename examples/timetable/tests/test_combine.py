from datetime import datetime

from timetable import Schedule, Union, first_clash

START = datetime(2026, 3, 6, 12, 0)


def test_a_union_runs_when_any_of_its_schedules_does() -> None:
    both = Union.parse("0 9 * * *", "30 17 * * fri")
    assert both.next(START) == datetime(2026, 3, 6, 17, 30)
    assert both.next(datetime(2026, 3, 6, 17, 30)) == datetime(2026, 3, 7, 9)


def test_the_previous_run_of_a_union_is_the_latest_of_them() -> None:
    both = Union.parse("0 9 * * *", "30 11 * * *")
    assert both.previous(START) == datetime(2026, 3, 6, 11, 30)
    assert both.previous(datetime(2026, 3, 6, 11, 31)) == datetime(2026, 3, 6, 11, 30)


def test_a_run_of_two_schedules_counts_once() -> None:
    both = Union.parse("0 * * * *", "*/30 * * * *")
    runs = both.between(START, datetime(2026, 3, 6, 14))
    assert [run.strftime("%H:%M") for run in runs] == ["12:00", "12:30", "13:00", "13:30"]


def test_an_empty_union_never_runs() -> None:
    assert Union(()).next(START) is None
    assert Union(()).previous(START) is None


def test_two_schedules_clash_where_both_run() -> None:
    backup, report = Schedule.parse("15 */4 * * *"), Schedule.parse("15 8 * * mon")
    assert first_clash(backup, report, START, datetime(2026, 4, 1)) == datetime(2026, 3, 9, 8, 15)


def test_schedules_with_other_minutes_never_clash() -> None:
    even, odd = Schedule.parse("*/2 * * * *"), Schedule.parse("1/2 * * * *")
    assert first_clash(even, odd, START, datetime(2026, 3, 6, 18)) is None


def test_a_clash_after_the_end_does_not_count() -> None:
    backup, report = Schedule.parse("15 */4 * * *"), Schedule.parse("15 8 * * mon")
    assert first_clash(backup, report, START, datetime(2026, 3, 9, 8, 15)) is None
