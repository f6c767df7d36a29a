"""Final answers, boxes, stated values and their equality."""

import asyncio
import time

import pytest
from soloist_agents.extract import answer_of, boxed_answer, final_answer, same_answer, short_answer, stated_answer
from soloist_agents.models.contract import Completion


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<think>so</think>42", "42"),
        ("so</think>42", "42"),
        ("Sure.<think>a</think>b<think>c</think>d", "d"),
        ("no thought at all", "no thought at all"),
        ('<think>x</think>s.split("</think>")', 's.split("</think>")'),
        ("42<|im_end|>\n", "42"),
        ("<think>never closed", None),
        ("<think>a</think>b<think>again", None),
        ("<think>a</think> \n", None),
        ("", None),
    ],
)
def test_final_answer(text: str, wanted: str | None) -> None:
    """The final answer follows the last closing tag; an open trace and an empty answer are none."""
    assert final_answer(text) == wanted


def test_loops() -> None:
    """Text that ends in a repetition is no answer; one that left it again is."""
    loop = "Wait, let me check that once more. " * 60
    assert final_answer("So.\n" + loop) is None
    assert final_answer("So.\n" + loop + "The answer is therefore 4, as the table of cases above shows.") is not None
    assert final_answer("x = [" + "0, " * 900 + "0]") is not None


@pytest.mark.parametrize("completion", [{"finish": "length"}, {"finish": "loop"}, {"finish": "filtered"}, {"thought": False}])
def test_cut_completions(completion: dict[str, object]) -> None:
    """A choice that was cut, filtered, looping or never stopped thinking is no answer, whatever it holds."""
    assert answer_of(Completion.model_validate({"content": r"\boxed{4}", **completion})) is None
    assert answer_of(Completion(content=r"\boxed{4}")) == r"\boxed{4}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"$\boxed{\frac{1}{\sqrt{2}}}$", r"\frac{1}{\sqrt{2}}"),
        (r"\fbox{7}", "7"),
        (r"\boxed 5.", "5"),
        (r"\boxed{x = \boxed{5}}", "5"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{12 \frac{3}{5}}", r"12\frac{3}{5}"),
        (r"\boxed{\text{Evelyn}}", "Evelyn"),
        (r"\boxed{40\%}", "40"),
        (r"\boxed{\$18.90}", "18.90"),
        (r"\boxed{10\text{ cm}^2}", "10"),
        (r"\boxed{90^\circ}", "90"),
        (r"\boxed{5.}", "5"),
        (r"\boxed{3} and not \boxed{...}", "3"),
        (r"\boxed{}", None),
        (r"\boxed{\text{your answer}}", None),
        (r"\boxed{1} and \boxed{2", None),
        (r"\boxedness{3}", None),
        ("4", None),
    ],
)
def test_boxes(text: str, wanted: str | None) -> None:
    """The last box counts, braces balanced, without units and signs; placeholders and a box that was cut don't."""
    assert boxed_answer(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2 + 2 = 4\nA: 4", "4"),
        ("#### 12", "12"),
        ("**Final Answer:**\n\n42", "42"),
        ("**Answer: 42.**", "42"),
        ("So the answer is 3.5. I hope it is right.", "3.5"),
        ("[ANSWER]\nassert f(1) == 2\n[/ANSWER]", "assert f(1) == 2"),
        ("<answer>7</answer>", "7"),
        ("Answer: 1\nNo. Answer: 2\nAnswer: 3", "3"),
        ("A is 5 more than B", None),
        ("Answer: ...", None),
    ],
)
def test_stated_answers(text: str, wanted: str | None) -> None:
    """Without a box, what is stated last counts."""
    assert stated_answer(text) == wanted


def test_box_before_words() -> None:
    """A box is worth more than words."""
    assert short_answer(r"\boxed{4}. The answer is clear.") == "4"
    assert short_answer("The answer is 4.") == "4"


SAME = [
    (r"\frac{1}{2}", "0.5"),
    (r"\dfrac12", "1/2"),
    ("1,000", "1000"),
    ("5", "x=5"),
    (r"\text{(A)}", "A"),
    ("50%", "0.5"),
    ("50%", "50"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    ("x**2 + 2*x + 1", "(x+1)^2"),
    ("2^10", "1024"),
    ("1,2", "2,1"),
    ("Evelyn", "evelyn"),
    (r"12\frac{3}{5}", "12.6"),
]
DIFFERENT = [
    ("1", "2"),
    ("", ""),
    ("...", "..."),
    ("(1,2)", "(2,1)"),
    ("x", "y"),
    ("Monday", "Friday"),
    ("1/3", "0.33"),
    ("1/0", "1"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_same(a: str, b: str) -> None:
    """Equality is mathematical, and goes both ways."""
    assert same_answer(a, b)
    assert same_answer(b, a)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different(a: str, b: str) -> None:
    """What is not the same value, or no value, is not the same."""
    assert not same_answer(a, b)
    assert not same_answer(b, a)


@pytest.mark.parametrize(
    "hostile",
    [
        "9**9**9",
        "9^{9^{9^{9}}}",
        "((99999!)!)!",
        "2**99999999999",
        "1" * 390,
        r"\frac{" * 60,
        "(" * 390,
        r"\sum_{k=1}^{10^9} k^{k}",
        r"(x+y+z+w+v+u)^{900}-(x+y)^{901}",
        "\x00\ud800",
        "x" * 2_000_000,
    ],
)
def test_hostile_answers_end(hostile: str) -> None:
    """No expression can stop us: it is refused, or its algebra is ended; the next question is answered as ever."""
    start = time.monotonic()
    assert not same_answer(hostile, r"\pi+1")
    assert time.monotonic() - start < 12
    assert same_answer(r"\sqrt{12}", r"2\sqrt{3}")


def test_nothing_is_executed(tmp_path: object) -> None:
    """Code in an answer stays text."""
    trap = f"{tmp_path}/trap"
    for text in (f"__import__('os').system('touch {trap}')", f"open('{trap}','w')", f"exec(chr(49)+open('{trap}','w').name)"):
        assert not same_answer(text, "x+1")
        assert not same_answer(rf"\text{{{text}}}", "x+1")
    from pathlib import Path

    assert not Path(trap).exists()


async def test_algebra_in_threads() -> None:
    """Questions may come from any thread."""
    answers = await asyncio.gather(
        *(asyncio.to_thread(same_answer, rf"\sqrt{{{4 * n}}}", rf"2\sqrt{{{n}}}") for n in (2, 3, 5, 7))
    )
    assert answers == [True] * 4


@pytest.mark.parametrize(
    "piece",
    [
        r"\boxed{",
        r"\boxed{}",
        "{",
        "<think>",
        "</think>",
        "'</think>",
        "answer is ",
        "A: \n",
        "[ANSWER]",
        "#",
        " ",
        "</s>",
        "(\n",
    ],
)
def test_linear_time(piece: str) -> None:
    """A megabyte of anything takes seconds of processor time at most."""
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    final_answer(text)
    boxed_answer(text)
    stated_answer(text)
    assert time.process_time() - start < 5
