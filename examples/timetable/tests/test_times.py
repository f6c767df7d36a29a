from datetime import datetime, time

from timetable.times import first_time, last_time, minute_after, minute_before

HOURS, MINUTES = (9, 13, 17), (10, 40)


def test_the_first_time_is_in_the_next_hour_that_runs() -> None:
    assert first_time(HOURS, MINUTES, time(10, 55)) == time(13, 10)


def test_the_first_time_may_be_the_given_minute() -> None:
    assert first_time(HOURS, MINUTES, time(13, 40)) == time(13, 40)


def test_after_the_last_minute_of_an_hour_the_next_hour_runs() -> None:
    assert first_time(HOURS, MINUTES, time(9, 41)) == time(13, 10)


def test_no_time_is_left_late_in_the_day() -> None:
    assert first_time(HOURS, MINUTES, time(17, 41)) is None


def test_the_last_time_is_in_the_previous_hour_that_runs() -> None:
    assert last_time(HOURS, MINUTES, time(12, 5)) == time(9, 40)


def test_before_the_first_minute_of_an_hour_the_previous_hour_runs() -> None:
    assert last_time(HOURS, MINUTES, time(13, 9)) == time(9, 40)


def test_no_time_was_there_early_in_the_day() -> None:
    assert last_time(HOURS, MINUTES, time(9, 9)) is None


def test_minutes_around_a_moment() -> None:
    moment = datetime(2026, 3, 6, 12, 30, 20)
    assert minute_after(moment) == datetime(2026, 3, 6, 12, 31)
    assert minute_before(moment) == datetime(2026, 3, 6, 12, 30)
    assert minute_before(datetime(2026, 3, 6, 12, 30)) == datetime(2026, 3, 6, 12, 29)
