"""One sample while it comes: what of it is a candidate, and when."""

from soloist_agents.contract import MOST_SAID, Candidate, NoAnswer, Step
from soloist_agents.extract import boxed_answer, function_source, python_program, short_answer
from soloist_agents.models.contract import Completion, Delta
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.stated_tests import stated_tests
from soloist_agents.selection.stating import stated_claims
from soloist_agents.step_check import AgreementCheck

Told = Candidate | NoAnswer
FENCES = ("```", "~~~")


class Sample:
    """Listens to one choice of a stream and says what came of it, each candidate once."""

    def __init__(self, step: Step, author: str, depth: int) -> None:
        self._step = step
        self._author = author
        self._depth = depth
        self._votes = step.kind == "function" and isinstance(step.check, AgreementCheck)
        """Programs are compared by what they do, and by what all samples assert of the function."""
        self._content: list[str] = []
        self._told: Candidate | None = None
        self._told_from = ""
        self._fences = 0
        """Fences seen when the text was last looked at."""

    def heard(self, delta: Delta) -> Candidate | None:
        """A candidate as soon as its fence is closed; the words that come after it are not waited for, but for a vote, where
        assertions come after it."""
        if not delta.content or self._votes:
            return None
        self._content.append(delta.content)
        if self._step.kind not in ("function", "program") or not any(mark in delta.content for mark in ("`", "~")):
            return None
        text = "".join(self._content)
        fences = sum(map(text.count, FENCES))
        if fences == self._fences or fences % 2:  # opened and not closed yet
            return None
        self._fences = fences
        return self._new(text)

    def restarted(self) -> None:
        """What came so far is void."""
        self._content.clear()
        self._fences = 0

    def ended(self, completion: Completion) -> Told | None:
        """The sample's end: a candidate that was not told yet, or why there is none."""
        if completion.finish == "loop":
            return None if self._told else self._none("loop", "it repeated itself and was cut")
        if completion.finish == "filtered":
            return None if self._told else self._none("filtered", "the server has filtered it")
        voting = isinstance(self._step.check, AgreementCheck)
        cut = completion.finish == "length" and voting  # half a function may be a function, and the last box not the last
        found = self._new(completion.content) if completion.content.strip() and completion.thought and not cut else None
        if found is not None and voting:
            found = found.model_copy(update=_beside(self._step, completion))
        if found is not None or self._told is not None:
            return found
        if completion.finish == "length":
            return self._none("truncated", "its token budget ran out")
        return self._none("empty", "there was no answer of the wanted form in it")

    def _new(self, text: str) -> Candidate | None:
        if self._told is not None and text == self._told_from:
            return None
        found = _candidate(self._step, text, self._author, self._depth)
        if found is None or (self._told is not None and found.text == self._told.text):
            return None
        self._told, self._told_from = found, text
        return found

    def _none(self, ended: str, why: str) -> NoAnswer:
        return NoAnswer.model_validate({"author": self._author, "ended": ended, "why": why})


def _beside(step: Step, completion: Completion) -> dict[str, object]:
    """What a vote wants to know of a sample besides its answer."""
    clr = step.selection is not None and step.selection.strategy == "clr"
    return {
        "said": completion.content[-MOST_SAID:] if step.kind != "function" else "",  # a function's claims are its assertions
        "confidence": completion.confidence,
        "claims": stated_claims(completion.content) if clr else _asserted(step, completion),
    }


def _asserted(step: Step, completion: Completion) -> tuple[Claim, ...]:
    if step.kind != "function":
        return ()
    return tuple(Claim(text=text, kind="assertion") for text in stated_tests(completion.content, step.name.partition("#")[0]))


def _candidate(step: Step, text: str, author: str, depth: int) -> Candidate | None:
    """What the text offers for a step of this kind."""
    if step.kind == "function":
        plain = step.name.partition("#")[0]
        program = python_program(text, plain.rpartition(".")[2])
        found = function_source(program, plain) if program is not None else None
        if found is None:
            return None
        return Candidate(
            author=author, text=found.function, also=(*found.imports, *found.helpers), note=_note(author, depth), depth=depth
        )
    taken = _taken(step, text)
    return Candidate(author=author, text=taken, note=_note(author, depth), depth=depth) if taken else None


def _taken(step: Step, text: str) -> str | None:
    if step.kind == "program":
        return python_program(text, None)
    if step.kind == "answer":
        return boxed_answer(text) or short_answer(text)
    return text.strip() or None


def _note(author: str, depth: int) -> str:
    return f"written by {author}" + (f", repaired {depth - 1}x" if depth > 1 else "")
