"""What whoever asked says about a function: its definition as far as it is known, and examples of calls.

Examples stand in the docstring and in the problem's text. A wrong one would refuse every right program, so a line that speaks of
what should *not* be ("but", "instead", "wrong") gives none, and examples that contradict each other are all left out.
"""

import ast
import re
import textwrap
from collections.abc import Sequence
from typing import Final

from soloist_tools.functions import function_source, functions

from soloist_agents.contract import Step
from soloist_agents.selection.behaviour_calls import docstring
from soloist_agents.selection.behaviour_claims import Claim, examples_of
from soloist_agents.step_check import AgreementCheck

_DISPUTED: Final = re.compile(r"\b(?:but|instead|wrong\w*|incorrect\w*|currently|actually|however|not|bugs?)\b", re.I)
_QUOTED_OR_TICK: Final = re.compile(r"('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")|`+")
_STRING: Final = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")


def function_of(step: Step) -> str:
    """`f` or `Class.method`; which of several of one name is meant does not matter to a call."""
    return step.name.partition("#")[0]


def definition(step: Step) -> str:
    """Python that defines the step's function: as the check gives it, else as it stands now; "" where neither does."""
    given = step.check.signature if isinstance(step.check, AgreementCheck) else ""
    return _parsable(given, function_of(step)) or defined_in(step.source, step.name)


def defined_in(source: str, name: str) -> str:
    """The function alone, at the left margin; "" where the file has no such function."""
    try:
        known = name in {span.qualname for span in functions(source)}
        return textwrap.dedent(function_source(source, name)) if known else ""
    except (ValueError, SyntaxError, RecursionError):
        return ""


def given_examples(step: Step) -> tuple[Claim, ...]:
    """The docstring's examples and the problem's, each once."""
    function = function_of(step)
    texts = (docstring(definition(step), function), _readable(step.problem))
    names = dict.fromkeys((function.rpartition(".")[2], function))
    return _undisputed(tuple(dict.fromkeys(example for text in texts for name in names for example in examples_of(text, name))))


def _parsable(signature: str, function: str) -> str:
    """The signature with a body, where it needs one; "" where it does not define the function."""
    text = textwrap.dedent(signature).strip("\n").rstrip()
    for tried in (text, f"{text}\n    pass\n", f"{text}:\n    pass\n"):
        try:
            tree = ast.parse(tried)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        if function.rpartition(".")[2] in names:
            return tried
    return ""


def _readable(problem: str) -> str:
    """Markdown without its ticks, which stand around code and are no part of it, and without lines that dispute something."""
    lines = [_QUOTED_OR_TICK.sub(lambda match: match[1] or "", line) for line in problem.splitlines()]
    return "\n".join("" if _DISPUTED.search(_STRING.sub("", line)) else line for line in lines)


def _undisputed(examples: Sequence[Claim]) -> tuple[Claim, ...]:
    wanted: dict[str, set[str]] = {}
    for example in examples:
        if example.relation == "equals":
            wanted.setdefault(example.arguments, set()).add(example.expected)
    return tuple(example for example in examples if len(wanted.get(example.arguments, ())) < 2)
