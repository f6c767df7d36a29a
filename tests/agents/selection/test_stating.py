"""The claims that a sample states beside its answer, and what arithmetic alone says of them."""

import json
import time
from pathlib import Path

import pytest
from soloist_agents.prompts import render
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.stating import LONGEST, executed, stated_claims

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "math_qwen8" / "samples.jsonl"


def texts(text: str) -> list[str]:
    return [claim.text for claim in stated_claims(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Claim 1: a is 3.\nClaim 2: b is 4.\n\nSo it is \\boxed{7}.",
        "**Claim 1**: a is 3.\n\n**Claim 2:** b is 4.\n\n\\boxed{7}",
        "1. **Claim 1: a is 3.**\n2. **Claim 2: b is 4.**\n**Final answer:** 7",
        "- Claim 1 - a is 3.\n- Claim 2 - b is 4.\nFinal answer: \\boxed{7}",
        "### Claim 1\n\na is 3.\n\n### Claim 2\nb is 4.\n### Answer\n\\boxed{7}",
        "\\textbf{Claim 1:} a is 3. \\\\\n\\textbf{Claim 2: b is 4.} \\\\\n$\\boxed{7}$",
        "\\begin{itemize}\n\\item Claim 1: a is 3.\n\\item[Claim 2:] b is 4.\n\\end{itemize}\n\\boxed{7}",
        "Claim 1: a is 3. Claim 2: b is 4. Final answer: \\boxed{7}",
        "| Claim 1: a is 3. | Claim 2: b is 4. |",
        "Claim #1: a is 3.\nclaim (2): b is\n4.\nThus, the final answer is 7.",
        "Claim: a is 3.\nClaim: b is 4.",
        "Claim 1: a is 3.\nClaim 1: b is 4.",
        "Sure.\n\n**Claims:**\n1. a is 3.\n2. b\n   is 4.\n\nThe final answer is \\boxed{7}.",
        "## The five claims\n- a is 3.\n- b is 4.\n\nSo it is\n- \\boxed{7}",
    ],
)
def test_the_forms_that_small_models_write(text: str) -> None:
    """Marks around a claim, its number and line breaks go; its words stay, in order."""
    assert texts(text) == ["a is 3.", "b is 4."]


def test_five_numbered_lines_are_claims() -> None:
    """Just as many as were asked for, one line each, above the answer; any other bare list may be the solution's steps."""
    rows = [f"{number}. {letter} is prime." for number, letter in enumerate("abcde", 1)]
    five = "\n".join(rows)
    assert texts(f"First:\n1. think\n2. count\n\n{five}\n\n\\boxed{{7}}") == [f"{letter} is prime." for letter in "abcde"]
    assert texts("\n".join(rows[:4])) == []
    assert texts(five.replace("c is", "c\nis")) == []


def test_the_first_five_count_and_each_once() -> None:
    """More are not looked at, and a claim that is said again is no further claim."""
    text = "\n".join(f"Claim {number}: {letter} is prime" for number, letter in enumerate("aabcdefg", 1))
    assert [claim[0] for claim in texts(text)] == list("abcde")
    assert {(claim.kind, claim.verdict, claim.by) for claim in stated_claims(text)} == {("stated", "unknown", "nobody")}


def test_the_fullest_numbering_counts() -> None:
    """A draft before it, and a summary after it, are not taken."""
    draft, final, summary = "Claim 1: it is odd\n", "Claim 1: a\nClaim 2: b\nClaim 3: c\n", "Claim 1: true\nClaim 2: true\n"
    assert texts(f"{draft}\n{final}\\boxed{{1}}\n{summary}") == ["a", "b", "c"]


def test_a_formula_belongs_to_its_claim() -> None:
    """Also a displayed one behind a blank line; the paragraph after it does not."""
    assert texts("Claim 1: The sum is\n\n$$3+4=7$$\n\nIt follows.\n\nClaim 2: \\[x = 3\\]") == [
        "The sum is $$3+4=7$$",
        "\\[x = 3\\]",
    ]
    assert texts("Claim 1: 2 * 3 * 4 is 24\nClaim 2: **z** is w and `f(3)` is 4") == [
        "2 * 3 * 4 is 24",
        "**z** is w and `f(3)` is 4",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It is \\boxed{7}.",
        "Claim 1: \\boxed{7}",
        "Claim 1: The final answer is \\boxed{7}.",
        "Claim 1:\nClaim 2: ...\nClaim 3: [your claim]\nClaim 4: <text>\nClaim 5: **N/A**",
        "Claim 1:\n\\boxed{7}",
        "Claim 1 holds because 3 is odd. Using Claim 2: it is even.",
        "The claims of the seller are not checked here.\n1. add\n2. divide\n\\boxed{7}",
        "Claims:\n\nNone that I know.\n\n1. add",
    ],
)
def test_what_is_no_claim(text: str) -> None:
    """The box, what only marks a claim's place, and prose that speaks of claims."""
    assert texts(text) == []


def test_the_boxed_sentence_is_cut_off() -> None:
    """What stands before it in the same line stays."""
    assert texts("Claim 1: n is even. Hence it is \\boxed{4}.") == ["n is even."]


def test_a_thinking_trace_states_nothing() -> None:
    """Only what follows it is read; of a trace that never ends nothing is."""
    assert texts("<think>Claim 1: a secret\n</think>Claim 1: a is 3") == ["a is 3"]
    assert texts("<think>Claim 1: a secret\n") == []


def test_a_long_claim_is_cut() -> None:
    """A claim that goes on and on keeps its beginning."""
    long = " and ".join(f"{number} is even" for number in range(200))
    assert texts(f"Claim 1: {long}") == [long[:LONGEST].rstrip()]


@pytest.mark.parametrize(
    "piece", ["Claim 1: ", "Claim 1:\n", "claims ", "Claims:\n- ", "1. ", "* ", "x. Claim 1: ", "Claims:\n1. x\n\n"]
)
def test_time_is_linear(piece: str) -> None:
    """Whatever a model repeats."""
    begun = time.process_time()
    stated_claims("a\n" + piece * 20_000)
    assert time.process_time() - begun < 1


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded samples are not here")
def test_recorded_solutions_state_none() -> None:
    """Nobody asked these models for claims: the steps of their solutions are not mistaken for some."""
    samples = [sample for line in RECORDED.read_text().splitlines() for sample in json.loads(line)["samples"]]
    assert len(samples) == 400
    assert [sample for sample in samples if stated_claims(sample)] == []


def test_the_prompt_asks_for_claims_only_where_they_are_wanted() -> None:
    """Without the switch it is as it always was; with it nothing in it can be copied as a claim or as a filled box."""
    plain = render("answer", problem="How many?", givens=())
    assert plain == "How many?\n\nThink step by step, and give the final answer within \\boxed{}.\n"
    assert render("answer", problem="How many?", givens=(), claims=False) == plain
    asked = render("answer", problem="How many?", givens=(), claims=True)
    assert all(words in asked for words in ("five claims", "the word Claim", "\\boxed{}"))
    assert stated_claims(asked) == ()
    assert "\\boxed{a" not in asked


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3 * 4 = 12", "true"),
        ("Thus, $3 \\cdot 4 = 12$.", "true"),
        ("We have \\( \\frac{1}{2} + \\frac{1}{2} = 1 \\).", "true"),
        ("3*4 = 12 = 6*2", "true"),
        ("3 * 4 = 13", "false"),
        ("Tom has 3 * 4 = 13 eggs.", "false"),
        ("The area is 1/2 * 6 * 4 = 14, and 2 + 2 = 4.", "false"),
        ("Tom has 3 * 4 = 12 eggs.", "unknown"),
        ("3 * 4 = 12 and x = 5", "unknown"),
        ("3 + 4 = 8 is false", "unknown"),
        ("If 3 + 4 = 8, then 1 = 2.", "unknown"),
        ("2^3 = 1 \\pmod{7}", "unknown"),
        ("7 + 8 = 3 modulo 12", "unknown"),
        ("\\sin 30 + 1 = 1.5", "unknown"),
        ("twice 3 + 4 = 14", "unknown"),
        ("60 * 2 + 60 = 3 hours", "unknown"),
        ("60 questions x 40/100 = 24", "unknown"),
        ("0.\\overline{3} + 1 = 4/3", "unknown"),
        ("n is even", "unknown"),
        ("7 = 7", "unknown"),
    ],
)
def test_what_arithmetic_settles(text: str, verdict: str) -> None:
    """A wrong equation refutes the claim that asserts it; only a claim that says nothing else is confirmed by right ones."""
    found = executed(Claim(text=text), problem="How many?")
    assert (found.text, found.verdict) == (text, verdict)
    assert found.by == ("nobody" if verdict == "unknown" else "execution")


def test_a_problem_with_its_own_arithmetic_is_left_alone() -> None:
    """Where numbers are added by other rules, ours say nothing; what is settled already stays so."""
    assert executed(Claim(text="3 + 4 = 8"), problem="Work in base 7.").verdict == "unknown"
    known = Claim(text="3 + 4 = 8", verdict="true", by="verifier")
    assert executed(known, problem="How many?") == known
