import pytest

from timetable import BadExpression, explain
from timetable.explain import ordinal


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/25 * * * *", "at minute 0, 25 and 50"),
        ("0 4 * * *", "at 04:00"),
        ("0,30 8,9 * * *", "at 08:00, 08:30, 09:00 and 09:30"),
        ("*/10 9-17 * * mon-fri", "every 10 minutes from 09:00 to 17:59, on Monday to Friday"),
        ("*/10 9,17 * * sat,sun", "every 10 minutes of hour 9 and 17, on Sunday and Saturday"),
        ("0 4 L * *", "at 04:00, on the last day of the month"),
        ("0 4 L-2 * *", "at 04:00, on the 3rd last day"),
        ("0 4 15W 1,7 *", "at 04:00, on the working day nearest to the 15th, in January and July"),
        ("0 4 1 * fri#2", "at 04:00, on the 1st or on the 2nd Friday"),
        ("0 4 * * monL", "at 04:00, on the last Monday"),
        ("@monthly", "at 00:00, on the 1st"),
    ],
)
def test_an_expression_in_english(text: str, phrase: str) -> None:
    assert explain(text) == phrase


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 31)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "31st"]
    )


def test_what_is_no_expression_can_not_be_explained() -> None:
    with pytest.raises(BadExpression):
        explain("now and then")
