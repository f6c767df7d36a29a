"""Many samples of one problem: what is made of them, as the command and its report tell it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from soloist.testing import Ask, ModelServer, Reply

from tests.conftest import Command, Said

pytestmark = pytest.mark.usefixtures("any_sandbox")

PROBLEM = "Anna has 3 apples, and Ben has 4 times as many. How many apples do they have together?\n"
RIGHT = "Ben has 3 * 4 = 12 apples. Together 3 + 12 = 15, so \\boxed{15}."
WRONG = "Ben has 3 * 4 = 12 apples. Together 3 + 12 = 16, so \\boxed{16}."


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    statement = tmp_path / "apples.md"
    statement.write_text(PROBLEM)
    return statement


def solving(soloist: Command, script: Callable[[Ask], Reply | str], problem: Path, *how: str | Path) -> tuple[Said, list[Ask]]:
    with ModelServer.running(script) as server:
        said = soloist("solve", problem, *how, "--specialist", f"{server.url}#VibeThinker-3B")
        return said, server.calls


def of_choices(*texts: str) -> Callable[[Ask], Reply]:
    return lambda ask: Reply(choices=texts)


def selection(said: Said) -> dict[str, Any]:
    found: dict[str, Any] = said.report["steps"][0]["selection"]
    return found


def test_a_vote_is_told_with_its_stop(soloist: Command, problem: Path) -> None:
    """Samples, votes, probability and what stopped it; unanimous samples end it before the budget."""
    said, _ = solving(soloist, of_choices(RIGHT), problem, "--answer", "--strategy", "majority", "--samples", "16")
    assert said.code == 0, said.err
    assert "answered (agreed)" in said.out
    assert "majority:" in said.out
    assert "of at most 16 samples" in said.out
    assert "stopped: the leader is caught in" in said.out
    assert "right with probability 0.9" in said.out


def test_executed_arithmetic_is_evidence_in_the_report(soloist: Command, problem: Path) -> None:
    """Three of five samples add wrongly; the answer of the others is taken, and the false claims are counted."""
    how = ("--answer", "--strategy", "weighted", "--samples", "5", "--effort", "high", "--json")
    said, _ = solving(soloist, of_choices(WRONG, RIGHT, WRONG, RIGHT), problem, *how)
    assert said.report["answer"] == "15"
    told = selection(said)
    assert told["false_claims"] in (2, 3)  # the fifth need not be heard
    assert {"text": "3 + 12 = 15", "verdict": "true", "kind": "equation", "by": "execution"} in told["claims"]


@pytest.mark.parametrize("strategy", ["weighted", "majority"])
def test_the_tokens_own_confidence_weighs(strategy: str, soloist: Command, problem: Path) -> None:
    """Where the server gives it, one sure sample outweighs two unsure ones; a majority does not ask for it."""
    sure, unsure = Reply("\\boxed{15}", logprobs=0.99), Reply("\\boxed{16}", logprobs=0.2)
    how = ("--answer", "--strategy", strategy, "--samples", "3", "--json")
    said, calls = solving(soloist, lambda ask: Reply(choices=(unsure, unsure, sure)), problem, *how)
    assert {bool(ask.body.get("logprobs")) for ask in calls} == {strategy == "weighted"}
    leader = selection(said)["groups"][0]["answer"]
    assert leader == ("15" if strategy == "weighted" else "16")


@pytest.mark.parametrize(("effort", "strategy"), [("low", "majority"), ("normal", "weighted"), ("high", "clr")])
def test_effort_picks_the_strategy_of_a_value(effort: str, strategy: str, soloist: Command, problem: Path) -> None:
    """Nothing else was asked for."""
    said, _ = solving(soloist, of_choices(RIGHT), problem, "--answer", "--effort", effort, "--json")
    assert selection(said)["strategy"] == strategy


def test_best_of_n_draws_them_all(soloist: Command, problem: Path) -> None:
    """The first that passes does not end it; the report says how many passed."""
    (problem.parent / "cases").mkdir()
    (problem.parent / "cases" / "a.in").write_text("")
    (problem.parent / "cases" / "a.out").write_text("15\n")
    programs = [f"```python\n{body}\n```" for body in ("print(3 + 12)", "print(16)", "print(15)", "print(15)  # apples")]
    how = ("--cases", problem.parent / "cases", "--strategy", "best_of_n", "--samples", "5", "--effort", "high", "--json")
    said, _ = solving(soloist, of_choices(*programs), problem, *how)
    assert said.code == 0, said.err
    assert said.report["solved"]
    assert said.report["answer"] == "print(3 + 12)\n"  # as often as the other, and seen first
    assert "4 of 5 samples passed, 2 of them are this one" in said.report["why"]
    assert [group["votes"] for group in said.report["steps"][0]["selection"]["groups"]] == [2, 2]


def test_a_vote_that_runs_out_of_time_names_its_leader(soloist: Command, problem: Path) -> None:
    """Samples that still think are cancelled, and what was heard is told."""

    def reply(ask: Ask) -> Reply:
        return Reply(choices=(RIGHT, RIGHT, WRONG)) if ask.number == 1 else Reply(RIGHT, delay=60)

    how = ("--answer", "--strategy", "majority", "--samples", "9", "--max-seconds", "8", "--json")
    said, _ = solving(soloist, reply, problem, *how)
    assert said.code == 0, said.err
    assert (said.report["answer"], said.report["level"]) == ("15", "agreed")
    assert said.report["why"].startswith("2 of 3 samples agree")
    assert selection(said)["stopped"] is False


def stating(answer: int) -> str:
    claims = [f"Claim {n}: Ben has 4 times as many apples as Anna, who has 3; point {n}." for n in range(1, 5)]
    return "\n".join([*claims, f"Claim 5: Anna and Ben have {answer} apples together.", f"\\boxed{{{answer}}}"])


def test_clr_has_every_claim_looked_at_by_the_same_model(soloist: Command, problem: Path) -> None:
    """Two whose claims hold win over four with a refuted one: 2 against 4 x 0.32768. Equal claims are asked once."""

    def reply(ask: Ask) -> Reply:
        if "Try to refute the claim" in ask.text:
            return Reply("Hm.\nINVALID" if "have 16 apples" in ask.text else "Yes.\nVALID")
        return Reply(choices=(stating(16), stating(16), stating(15)))

    said, calls = solving(soloist, reply, problem, "--answer", "--strategy", "clr", "--samples", "6", "--json")
    assert said.report["answer"] == "15"
    assert said.report["level"] == "agreed"
    told = selection(said)
    assert [(group["answer"], group["votes"], round(group["score"], 2)) for group in told["groups"]] == [
        ("15", 2, 2.0),
        ("16", 4, 1.31),
    ]
    assert told["probability"] is None  # the calibration knows votes, and these are outnumbered
    assert len([ask for ask in calls if "Try to refute the claim" in ask.text]) == 6
    assert all("boxed" not in ask.text for ask in calls if "Try to refute the claim" in ask.text)


UNIQUE = "Return the list without duplicates, each value at its first place.\n"
EARLIEST = "def unique(values):\n    return list(dict.fromkeys(values))"
SORTED = "def unique(values):\n    return sorted(set(values))"
ENDLESS = "def unique(values):\n    while True:\n        pass"


def programs(*sources: str) -> Callable[[Ask], Reply]:
    asserts = "```python\nassert unique([1, 1]) == [1]\nassert unique([]) == []\n```"
    return of_choices(*(f"```python\n{source}\n```\n{asserts}" for source in sources))


def test_a_function_without_tests_is_chosen_by_what_samples_do(soloist: Command, problem: Path) -> None:
    """Most programs do the same on generated inputs: agreed, never solved; one that hangs stops nobody."""
    problem.write_text(UNIQUE)
    how = ("--function", "def unique(values: list[int]) -> list[int]", "--samples", "6", "--json")
    said, calls = solving(soloist, programs(EARLIEST, SORTED, EARLIEST, ENDLESS, EARLIEST), problem, *how)
    assert said.code == 0, said.err
    assert (said.report["level"], said.report["solved"]) == ("agreed", False)
    assert said.report["answer"].strip() == EARLIEST
    assert selection(said)["strategy"] == "agreement"
    assert selection(said)["probability"]
    assert "def unique(values: list[int]) -> list[int]" in calls[0].text


def test_given_examples_decide_against_the_majority(soloist: Command, problem: Path) -> None:
    """They are run, and what passes them has the level of what ran."""
    problem.write_text(f"{UNIQUE}\n>>> unique([2, 1, 2])\n[2, 1]\n")
    how = ("--function", "def unique(values: list[int]) -> list[int]", "--samples", "3", "--json")
    said, _ = solving(soloist, programs(SORTED, SORTED, EARLIEST), problem, *how)
    assert said.code == 0, said.err
    assert (said.report["level"], said.report["solved"]) == ("executed", True)
    assert said.report["answer"].strip() == EARLIEST
    assert "the given example holds" in said.report["why"]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (("--answer", "--strategy", "agreement"), "name one of majority, weighted, clr"),
        (("--expect", "15", "--strategy", "clr"), "name one of first_verified, best_of_n"),
        (("--answer", "--strategy", "guess"), "tries.strategy"),
        (("--answer", "--samples", "0"), "tries.samples"),
        (("--function", "unique(values)"), "--function should be one line"),
        (("--function", "def f(a)", "--strategy", "majority"), "name one of agreement"),
    ],
)
def test_what_does_not_fit_is_refused(how: tuple[str, ...], says: str, soloist: Command, problem: Path) -> None:
    """One line, exit code 2, and no call."""
    said, calls = solving(soloist, of_choices(RIGHT), problem, *how)
    assert said.code == 2
    assert says in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert calls == []
