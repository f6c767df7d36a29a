import pytest

from timetable.months import (
    days_in_month,
    following_month,
    last_weekday,
    nearest_workday,
    nth_weekday,
    preceding_month,
    weekday_of,
)

SUNDAY, TUESDAY, FRIDAY = 0, 2, 5


def test_february_knows_leap_years() -> None:
    assert [days_in_month(year, 2) for year in (1900, 2000, 2023, 2024)] == [28, 29, 28, 29]


def test_weekdays_count_from_sunday() -> None:
    assert [weekday_of(2026, 3, day) for day in (1, 2, 7, 8)] == [0, 1, 6, 0]


def test_months_follow_each_other_over_the_year() -> None:
    assert following_month(2026, 12) == (2027, 1)
    assert preceding_month(2027, 1) == (2026, 12)
    assert following_month(2026, 6) == (2026, 7)
    assert preceding_month(2026, 7) == (2026, 6)


@pytest.mark.parametrize(("nth", "day"), [(1, 6), (2, 13), (3, 20), (4, 27), (5, None)])
def test_the_nth_friday_of_march_2026(nth: int, day: int | None) -> None:
    assert nth_weekday(2026, 3, FRIDAY, nth) == day


def test_a_fifth_weekday_may_be_the_last_day() -> None:
    assert nth_weekday(2026, 3, TUESDAY, 5) == 31


@pytest.mark.parametrize(("weekday", "day"), [(SUNDAY, 29), (TUESDAY, 31), (FRIDAY, 27)])
def test_the_last_weekday_of_march_2026(weekday: int, day: int) -> None:
    assert last_weekday(2026, 3, weekday) == day


@pytest.mark.parametrize(
    ("year", "month", "day", "nearest"),
    [
        (2026, 4, 15, 15),  # a Wednesday
        (2026, 8, 15, 14),  # a Saturday
        (2026, 11, 15, 16),  # a Sunday
        (2026, 8, 1, 3),  # a Saturday with no Friday before it in the month
        (2026, 5, 31, 29),  # a Sunday with no Monday after it in the month
        (2026, 4, 31, None),
    ],
)
def test_the_nearest_working_day_stays_in_its_month(year: int, month: int, day: int, nearest: int | None) -> None:
    assert nearest_workday(year, month, day) == nearest
