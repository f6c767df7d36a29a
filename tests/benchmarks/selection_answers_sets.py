"""Recorded answers of models as ballots, and apart from them the keys that only scoring reads."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import rows_of
from soloist_agents.extract import boxed_answer, same_answer
from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.claims import arithmetic_claims, demands
from soloist_agents.selection.sameness import LITERALS, MATHEMATICS, Sameness


@dataclass(frozen=True)
class Question:
    """What selecting may see."""

    id: str
    ballots: tuple[Ballot, ...]
    """In the order in which they were recorded."""


@dataclass
class Key:
    """What only scoring may see: is an answer right? Remembered, since algebra is slow."""

    right: Callable[[str], bool]
    _known: dict[str, bool] = field(default_factory=dict)

    def __call__(self, answer: str | None) -> bool:
        if answer is None:
            return False
        if answer not in self._known:
            self._known[answer] = self.right(answer)
        return self._known[answer]


@dataclass(frozen=True)
class Recorded:
    """One set."""

    name: str
    questions: tuple[Question, ...]
    keys: dict[str, Key]
    sameness: Sameness = MATHEMATICS


def svamp(data: Path) -> Recorded:
    """30 programs of one model for each word problem; what they computed."""
    rows = rows_of(data / "svamp_pot30" / "samples.jsonl")
    questions = tuple(Question(row["id"], _svamp_ballots(row)) for row in rows)
    return Recorded("svamp_pot30", questions, {row["id"]: _number_key(row["answer"]) for row in rows})


def _svamp_ballots(row: dict[str, Any]) -> tuple[Ballot, ...]:
    values = [_written(value) for value in row["values"]]
    executed = [() if value is None else demands(row["question"], value) for value in values]
    return tuple(
        Ballot(answer=values[k], index=n, author="codex", executed=executed[k]) for n, k in enumerate(row["sample_program"])
    )


def gsm8k(data: Path) -> Recorded:
    """Six systems, one answer of each; four of them write annotated solutions, two write programs."""
    rows = rows_of(data / "gsm8k_candidates" / "samples.jsonl")
    questions = tuple(Question(row["id"], _gsm8k_ballots(row)) for row in rows)
    return Recorded("gsm8k_candidates", questions, {row["id"]: _number_key(row["answer"]) for row in rows})


def _gsm8k_ballots(row: dict[str, Any]) -> tuple[Ballot, ...]:
    found = []
    for index, candidate in enumerate(row["candidates"]):
        answer = _written(candidate["value"])
        claims = () if answer is None else demands(row["question"], answer)
        if answer is not None and "<<" in candidate["text"]:
            claims += arithmetic_claims(candidate["text"].rpartition("\nA:")[0] or candidate["text"], answer)
        found.append(Ballot(answer=answer, index=index, author=candidate["system"], executed=claims))
    return tuple(found)


def mathematics(data: Path) -> Recorded:
    """Eight solutions of one model for each problem; their boxes."""
    rows = rows_of(data / "math_qwen8" / "samples.jsonl")
    questions = []
    for row in rows:
        answers = [boxed_answer(text) for text in row["samples"]]
        ballots = [
            Ballot(
                answer=answer, index=n, author="qwen", executed=demands(row["question"], answer or "") + arithmetic_claims(text)
            )
            for n, (answer, text) in enumerate(zip(answers, row["samples"], strict=True))
        ]
        questions.append(Question(row["id"], tuple(ballots)))
    keys = {row["id"]: Key(lambda answer, known=row["answer"]: same_answer(answer, known)) for row in rows}
    return Recorded("math_qwen8", tuple(questions), keys)


def cruxeval(data: Path, task: str = "output-cot") -> Recorded:
    """What two models think a function returns (`output-cot`); their answers are Python literals."""
    rows = rows_of(data / "cruxeval_cot" / "samples.jsonl")
    questions = []
    for row in rows:
        traces = [trace for trace in row["traces"] if trace["task"] == task]
        ballots = [Ballot(answer=trace["answer"], index=n, author=trace["model"]) for n, trace in enumerate(traces)]
        questions.append(Question(row["id"], tuple(ballots)))
    keys = {row["id"]: Key(lambda answer, known=row["output"]: LITERALS.form(answer) == LITERALS.form(known)) for row in rows}
    return Recorded(f"cruxeval_cot {task}", tuple(questions), keys, LITERALS)


def ceiling(recorded: Recorded) -> int:
    """Questions that any ballot answers rightly."""
    return sum(any(recorded.keys[q.id](b.answer) for b in q.ballots if b.votes) for q in recorded.questions)


def _number_key(known: float) -> Key:
    return Key(lambda answer: math.isclose(float(answer), known, rel_tol=1e-6, abs_tol=1e-3))


def _written(value: Any) -> str | None:
    """A recorded value as an answer: eight decimals at most; what is no finite number is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return f"{value:.8f}".rstrip("0").rstrip(".")


def names(recorded: Sequence[Recorded]) -> str:
    """For a heading."""
    return ", ".join(one.name for one in recorded)
