"""From a step to the one message that a model gets: everything it needs, and the form of the answer."""

import re

from soloist_tools.edits import GRAMMAR
from soloist_tools.functions import function_source, functions

from soloist_agents.contract import NearMiss, Step
from soloist_agents.outline import outlined
from soloist_agents.prompts import render
from soloist_agents.step_check import AgreementCheck, Case, CasesCheck, TestsCheck
from soloist_agents.stitching import PROGRAM_FILE

WHOLE_FILE = 6_000
"""Characters of a file that is still shown whole beside the function to be written."""
WORD = re.compile(r"[A-Za-z_]\w+")
SHOWN_FAILURE = 3_000
SHOWN_CASES = 3
LONGEST_CASE = 1_500
"""Characters of an example; longer ones are not shown: they are there to be run, not to be read."""
SHOWN_TESTS = 8_000


def pose(step: Step) -> str:
    """The question. Raises ValueError for a kind that no model works on."""
    if step.kind == "function":
        return _function(step)
    if step.kind == "program":
        cases = _examples(step.check) if isinstance(step.check, CasesCheck) else ()
        path = step.target or PROGRAM_FILE
        return render(
            "program",
            problem=step.problem,
            path=path,
            reads=isinstance(step.check, CasesCheck),
            cases=cases,
            tests=_tests(step),
            givens=step.givens,
        )
    if step.kind == "answer":
        clr = step.selection is not None and step.selection.strategy == "clr"
        return render("answer", problem=step.problem, givens=step.givens, claims=clr)
    if step.kind == "edit":
        files = [{"path": f.path, "missing": f.text is None, "text": f.text or "", "whole": f.whole} for f in step.shown]
        return render(
            "edit", task=step.task, problem=step.problem, files=files, tests=_tests(step), givens=step.givens, form=GRAMMAR
        )
    if step.kind == "knowledge":
        return render("knowledge", problem=step.problem, givens=step.givens)
    raise ValueError(f"step {step.id}: no model works on a step of kind {step.kind}")


def pose_repair(step: Step, miss: NearMiss) -> str:
    """The question again, with an attempt and why it failed."""
    attempt = "\n\n".join((*miss.candidate.also, miss.candidate.text))
    prose = step.kind in ("answer", "knowledge", "edit")
    return render("repair", question=pose(step), attempt=attempt, failure=shortened(miss.why, SHOWN_FAILURE), prose=prose)


def shortened(text: str, most: int) -> str:
    """Beginning and end of a long text: an assertion stands at the end, what was called at the beginning."""
    if len(text) <= most:
        return text
    return f"{text[: most // 3]}\n… {len(text) - most} characters left out …\n{text[-(most - most // 3) :]}"


def _function(step: Step) -> str:
    owner, _, name = step.name.partition("#")[0].rpartition(".")
    known = {span.qualname for span in functions(step.source)} if step.source else set()
    context, excerpt = _context(step.source, step.name, known, step.problem)
    voted = step.check if isinstance(step.check, AgreementCheck) else None
    return render(
        "function",
        new=step.name not in known,
        signature=voted.signature if voted and step.name not in known else "",
        asserts=voted is not None,
        name=name,
        full_name=step.name,
        owner=owner,
        path=step.path,
        problem=step.problem,
        context=context,
        excerpt=" (excerpt)" if excerpt else "",
        givens=step.givens,
        tests=_tests(step),
    )


def _examples(check: CasesCheck) -> list[Case]:
    short = [case for case in check.cases if len(case.stdin) + len(case.expected) <= LONGEST_CASE]
    return short[:SHOWN_CASES]


def _tests(step: Step) -> str:
    """The tests that were written for the step, or those of the repository that fail now."""
    text = "\n\n".join(step.check.files.values()) if isinstance(step.check, TestsCheck) else step.tests
    return text[:SHOWN_TESTS]


def _context(source: str, name: str, known: set[str], about: str) -> tuple[str, bool]:
    """The file, or of a long one the function and what it and the problem speak of; whether it is an excerpt."""
    if len(source) <= WHOLE_FILE:
        return source, False
    own = function_source(source, name) if name in known else ""
    return "\n".join(outlined(source, name, set(WORD.findall(own + about)))), True
