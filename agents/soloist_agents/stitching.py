"""From a candidate to the files it changes. No model is needed: pieces are put in their places, or refused."""

from collections.abc import Callable, Mapping
from typing import Protocol

from soloist_tools.edits import apply_edits, parse_edits
from soloist_tools.functions import FunctionSlot, functions
from soloist_tools.placing import place_function, with_support

from soloist_agents.contract import Candidate, Step
from soloist_agents.step_check import ANSWER_FILE

PROGRAM_FILE = "solution.py"
"""Where a step of kind "program" puts its program, when it has no target."""

Stitch = Callable[[Candidate], Mapping[str, bytes]]


class Reads(Protocol):
    """Something with files in it, such as `soloist_tools.tree.Tree`."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None."""
        ...


def stitcher(step: Step, tree: Reads) -> Stitch:
    """How candidates for this step become changed files of `tree`.

    Raises `ValueError` when the step doesn't fit the tree; the returned function raises it when a candidate doesn't fit.
    """
    if step.kind == "function":
        return _function(step, tree.read(step.path))
    if step.kind == "program":
        return lambda candidate: {step.target or PROGRAM_FILE: candidate.text.encode()}
    if step.kind == "answer":
        return lambda candidate: {ANSWER_FILE: candidate.text.encode()}
    if step.kind == "edit":
        return lambda candidate: apply_edits(parse_edits(candidate.text), tree.read)
    return lambda candidate: {}


def _function(step: Step, source: bytes | None) -> Stitch:
    if source is None or step.name not in {span.qualname for span in functions(source)}:
        name = step.name.rpartition(".")[2]
        place_function(source, step.name, f"def {name}(): ...\n")  # says at once when a new method has no class to go to
        return lambda candidate: {step.path: place_function(source, step.name, candidate.text, candidate.also)}
    slot = FunctionSlot(source, step.name)  # found once: a search puts thousands of candidates into it

    def put(candidate: Candidate) -> Mapping[str, bytes]:
        placed = slot.put(candidate.text)
        return {step.path: with_support(placed, candidate.also) if candidate.also else placed}

    return put
