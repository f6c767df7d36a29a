import pytest

from timetable.days import DayRule, parse_month_days, parse_week_days
from timetable.fields import BadExpression


def days(month_days: str, week_days: str, year: int = 2026, month: int = 2) -> list[int]:
    return DayRule(parse_month_days(month_days), parse_week_days(week_days)).in_month(year, month)


def test_two_stars_are_every_day() -> None:
    assert days("*", "*") == list(range(1, 29))


def test_days_that_the_month_lacks_are_left_out() -> None:
    assert days("28-31", "*") == [28]


def test_one_restricted_field_decides_alone() -> None:
    assert days("10,20", "*") == [10, 20]
    assert days("*", "mon") == [2, 9, 16, 23]


def test_of_two_restricted_fields_either_is_enough() -> None:
    assert days("1,13", "fri") == [1, 6, 13, 20, 27]


@pytest.mark.parametrize(("text", "expected"), [("L", [28]), ("L-3", [25]), ("1,L", [1, 28]), ("15W", [16])])
def test_days_counted_from_the_end_and_working_days(text: str, expected: list[int]) -> None:
    assert days(text, "*") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("fri#3", [20]), ("friL", [27]), ("5L", [27]), ("mon#5", []), ("sun,wed#1", [1, 4, 8, 15, 22])],
)
def test_counted_weekdays(text: str, expected: list[int]) -> None:
    assert days("*", text) == expected


@pytest.mark.parametrize("text", ["L3", "L-31", "L-x", "32W"])
def test_a_day_that_no_month_has_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse_month_days(text)


@pytest.mark.parametrize("text", ["fri#6", "fri#0", "fri#", "xyzL"])
def test_a_weekday_that_no_month_has_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse_week_days(text)
