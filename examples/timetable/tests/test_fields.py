import pytest

from timetable.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAY, BadExpression, FieldKind, parse_field


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("*", HOUR, tuple(range(24))),
        ("5", MINUTE, (5,)),
        ("1,15,31", DAY, (1, 15, 31)),
        ("31,1,1", DAY, (1, 31)),
        ("9-12", HOUR, (9, 10, 11, 12)),
        ("*/15", MINUTE, (0, 15, 30, 45)),
        ("*/25", MINUTE, (0, 25, 50)),
        ("10-40/10", MINUTE, (10, 20, 30, 40)),
        ("5/20", MINUTE, (5, 25, 45)),
        ("*/7", DAY, (1, 8, 15, 22, 29)),
        ("jan,DEC", MONTH, (1, 12)),
        ("mon-fri", WEEKDAY, (1, 2, 3, 4, 5)),
        ("7", WEEKDAY, (0,)),
    ],
)
def test_a_field_allows(text: str, kind: FieldKind, values: tuple[int, ...]) -> None:
    assert parse_field(text, kind) == values


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("22-2", HOUR, (0, 1, 2, 22, 23)),
        ("nov-feb", MONTH, (1, 2, 11, 12)),
        ("fri-mon", WEEKDAY, (0, 1, 5, 6)),
        ("50-10/10", MINUTE, (0, 10, 50)),
    ],
)
def test_a_range_may_run_over_the_end(text: str, kind: FieldKind, values: tuple[int, ...]) -> None:
    assert parse_field(text, kind) == values


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("60", MINUTE, "minute: 60 is not between 0 and 59"),
        ("0", DAY, "day: 0 is not between 1 and 31"),
        ("mon", MONTH, "month: 'mon' is neither a number nor a known name"),
        ("*/0", HOUR, "hour: the step '0' is not a positive number"),
        ("1-", HOUR, "hour: '' is neither a number nor a known name"),
        ("-3", HOUR, "hour: '' is neither a number nor a known name"),
        ("1,,2", HOUR, "hour: '' is neither a number nor a known name"),
    ],
)
def test_nonsense_is_refused_in_words(text: str, kind: FieldKind, message: str) -> None:
    with pytest.raises(BadExpression) as refusal:
        parse_field(text, kind)
    assert str(refusal.value) == message
