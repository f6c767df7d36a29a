"""Claims found in a text and settled without a model."""

import time
from fractions import Fraction

import pytest
from soloist_agents.selection.claims import (
    CallClaim,
    arithmetic_claims,
    call_claims,
    demands,
    equations,
    function_check,
    settled_calls,
    value_of,
)
from soloist_sandbox.contract import Outcome, Returned


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", Fraction(14)),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("-(7 - 10) ** 2 / 4", Fraction(-9, 4)),
        ("2 ** -2", Fraction(1, 4)),
        ("17 // 5 + 17 % 5", Fraction(5)),
        ("1e3", Fraction(1000)),
    ],
)
def test_exact_values(expression: str, value: Fraction) -> None:
    """Arithmetic is exact, also with decimal fractions."""
    assert value_of(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "1 / 0",
        "9 ** 9 ** 9",
        "2 ** 0.5",
        "10 ** 100000",
        "(2 ** 999) ** 999",
        "__import__('os').system('true')",
        "f(3)",
        "x + 1",
        "True + 1",
        "'a' * 3",
        "[1] * 3",
        "1 if 2 else 3",
        "1e999",
        "(" * 200 + "1" + ")" * 200,
        "1" * 301,
        "",
        "3 +",
    ],
)
def test_what_has_no_value(expression: str) -> None:
    """Names, calls, other types, roots, giants and nonsense have no value, and cost next to nothing."""
    start = time.process_time()
    assert value_of(expression) is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She has 16 - 3 = 13 eggs left.", [("16 - 3 = 13", "true")]),
        ("16 * 7 = $<<16*7=112>>112", [("16 * 7 = 112", "true"), ("16*7 = 112", "true")]),
        ("48 - 10 = <<48-10=39>>39", [("48 - 10 = 39", "false"), ("48-10 = 39", "false")]),
        ("3 * 4 = 12 and 5 + 6 = 12", [("3 * 4 = 12", "true"), ("5 + 6 = 12", "false")]),
        ("2 + 3 = 5 * 2 = 10 - 1", [("2 + 3 = 5 * 2", "false"), ("5 * 2 = 10 - 1", "false")]),
        ("20% of $50 = $10", [("20% of 50 = 10", "true")]),
        ("15 / 60 = 25%", [("15 / 60 = 25%", "true")]),
        ("100% - 20% = 80%", [("100% - 20% = 80%", "true")]),
        ("$1,200.50 + $10 = $1,210.50", [("1200.50 + 10 = 1210.50", "true")]),
        ("10 x 5 = 50, so 10x5 = 51", [("10*5 = 50", "true"), ("10*5 = 51", "false")]),
        ("10 / 3 = 3.33", [("10 / 3 = 3.33", "true")]),
        ("2 / 3 ≈ 0.67 and 2 / 3 = 0.66", [("2 / 3 ≈ 0.67", "true"), ("2 / 3 = 0.66", "true")]),
        ("10 / 3 = 3.4", [("10 / 3 = 3.4", "false")]),
        ("3.33 * 3 = 10", [("3.33 * 3 = 10", "unknown")]),
        ("1 hour - 20 minutes = 40 minutes", [("1 hour - 20 minutes = 40 minutes", "unknown")]),
        ("3 apples * 4 = 13 apples", [("3 apples * 4 = 13 apples", "false")]),
        (r"\frac{1}{2} \times 8 = 4", [("((1)/(2)) * 8 = 4", "true")]),
        (r"\frac{63}{5} = 12\frac{3}{5}", [("((63)/(5)) = (12+((3)/(5)))", "true")]),
        ("2^{10} = 1024", [("2**10 = 1024", "true")]),
        ("(3 + 4) * 2 = 14.", [("(3 + 4) * 2 = 14", "true")]),
        ("a profit of -3 + 5 = 2", [("-3 + 5 = 2", "true")]),
    ],
)
def test_equations(text: str, found: list[tuple[str, str]]) -> None:
    """Calculations in prose, annotations, money, percentages, LaTeX and chains are found and settled by exact arithmetic."""
    assert [(str(equation), equation.verdict) for equation in equations(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "x + 3 = 5",
        "2x = 6",
        "f(3) = 9",
        "5 - y = 2 + 3",
        "12 = 3x",
        "x = 5",
        "7 = 7",
        "3 != 6 - 2",
        "2 + 2 >= 3",
        "1 + 2 + ... + 10 = 55",
        "n = 2 * k = 9",
        "63 / 5 = 12 remainder 3",
        "17 mod 5 = 2",
        "def f(a=1 + 2): return a",
    ],
)
def test_what_claims_nothing(text: str) -> None:
    """Variables, calls, comparisons, ellipses and remainders are no claim that arithmetic could settle as false."""
    assert all(equation.verdict != "false" for equation in equations(text))


def test_the_answer_is_derived() -> None:
    """A numerical answer that no calculation gives is a false claim of its own kind; one that a check follows is derived."""
    text = "3 * 4 = <<3*4=12>>12. 12 + 1 = <<12+1=13>>13"
    assert {c.verdict for c in arithmetic_claims(text, "13") if c.kind == "derived"} == {"true"}
    assert {c.verdict for c in arithmetic_claims(text, "12") if c.kind == "derived"} == {"true"}
    assert {c.verdict for c in arithmetic_claims(text, "14") if c.kind == "derived"} == {"false"}
    assert {c.verdict for c in arithmetic_claims("1 / 4 = 0.25", "25") if c.kind == "derived"} == {"true"}
    assert not [c for c in arithmetic_claims("no calculation", "14") if c.kind == "derived"]


@pytest.mark.parametrize(
    ("question", "answer", "false"),
    [
        ("How many cakes would the baker still have?", "-3", {"non-negative"}),
        ("How many cakes would the baker still have?", "2.5", {"whole"}),
        ("How many hours does she work?", "2.5", set()),
        ("How many eggs does each hen lay on average?", "2.5", set()),
        ("How much did she spend?", "2.3333", {"short"}),
        ("How far is it?", "1/3", set()),
        ("What is 3 - 5?", "-2", set()),
        ("How many are there? Write x.", "x + 1", set()),
        ("He gave 5. How many more cards does Nell have?", "$1,000", set()),
    ],
)
def test_demands(question: str, answer: str, false: set[str]) -> None:
    """A question for an amount or a count demands what every right answer keeps, and nothing is demanded otherwise."""
    assert {claim.kind for claim in demands(question, answer) if claim.verdict == "false"} == false


def test_call_claims() -> None:
    """What a text says about calls is found where arguments and results are literals."""
    text = (
        "assert f([1, 1, 3]) == [[3, 1], [2, 3]]\nand `f(3)` returns `4`. f('a,b)') gives 'x.y'. Also g(2) -> True, but "
        "f(x) == 3; f(1) is great; f(2, k=(1, 2)) = (1, 2). f(9) == 4, 5. f(3) returns 4 again."
    )
    assert [str(claim) for claim in call_claims(text)] == [
        "f([1, 1, 3]) == [[3, 1], [2, 3]]",
        "f(3) == 4",
        "f('a,b)') == 'x.y'",
        "g(2) == True",
        "f(2, k=(1, 2)) == (1, 2)",
        "f(9) == 4",
    ]
    assert [claim.function for claim in call_claims(text, "g")] == ["g"]


def test_calls_go_to_the_sandbox_without_answers() -> None:
    """The check asks for the calls and tells nothing of what is expected; without claims there is none."""
    claims = call_claims("f(3) returns 4 and f(4) returns 6")
    check = function_check("m.py", "f", claims)
    assert [(call.arguments, call.returns) for call in check.calls] == [("3", None), ("4", None)]
    with pytest.raises(ValueError, match="nothing to run"):
        function_check("m.py", "f", ())


def test_settled_calls() -> None:
    """A run settles each claim by value and type; an exception refutes it; what was not run stays unknown."""
    claims = tuple(CallClaim(function="f", arguments=str(n), expected="4") for n in range(5))
    returned = (
        Returned(value="4"),
        Returned(value="4.0"),
        Returned(raised=("ValueError", "Exception")),
        Returned(message="no literal"),
    )
    verdicts = [claim.verdict for claim in settled_calls(claims, Outcome(exit_code=None, limit="seconds", returned=returned))]
    assert verdicts == ["true", "false", "false", "unknown", "unknown"]


def test_a_file_that_can_not_be_loaded_settles_nothing() -> None:
    """One result for many calls, and a bad end, says that nothing was called."""
    claims = tuple(CallClaim(function="f", arguments=str(n), expected="4") for n in range(2))
    outcome = Outcome(exit_code=3, returned=(Returned(raised=("SyntaxError",)),))
    assert [claim.verdict for claim in settled_calls(claims, outcome)] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    "text", ["1 + " * 50_000 + "= 3", "(" * 60_000 + "= 2", "f(" * 40_000, "3 = " * 40_000, "<<" * 40_000 + "1=1>>"]
)
def test_hostile_texts(text: str) -> None:
    """Texts made to be slow are read in seconds and never raise."""
    start = time.process_time()
    arithmetic_claims(text, "3")
    call_claims(text)
    assert time.process_time() - start < 10
