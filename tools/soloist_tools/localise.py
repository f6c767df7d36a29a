"""Fault localisation by spectrum: which functions do failing tests execute, and passing tests not?

Each line gets its Ochiai score (Abreu et al., 2006): with `f` of `F` failing tests and `p` passing tests executing it,

    ochiai = f / sqrt(F * (f + p))

A function gets the score of its best line, raised by how many failing tests have it in their traceback. When every test
fails the spectrum can't tell lines apart: all executed functions are still ranked, by traceback and by how many lines
of theirs ran.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from pydantic import Field
from soloist_sandbox.contract import FileSpectrum, Frame, TestReport, TestResult, Value

from soloist_tools.functions import FunctionSpan, functions

TRACEBACK_WEIGHT = 0.25
FAILING = ("failed", "error")
TRACEBACK_LINE = re.compile(r'File "(?:/workspace/)?([^"]+)", line (\d+), in (\S+)')
"""A frame of a Python traceback; the sandbox shows the repository at /workspace."""


class SuspectLine(Value):
    """A line and how strongly the evidence points at it, 0 to 1."""

    line: int
    score: float = Field(ge=0, le=1)


class Suspect(Value):
    """A function that may hold the fault."""

    path: str
    name: str
    """Qualified name, for example "Stack.pop"."""
    first_line: int
    last_line: int
    score: float = Field(ge=0, le=1)
    lines: tuple[SuspectLine, ...]
    """Most suspicious first."""
    why: str

    @property
    def target(self) -> str:
        """`path::Qual.name`."""
        return f"{self.path}::{self.name}"


def ochiai(failed: int, passed: int, total_failed: int) -> float:
    """Ochiai's coefficient, 0 to 1; 0 where nothing failed."""
    if not failed or not total_failed:
        return 0.0
    return failed / math.sqrt(total_failed * (failed + passed))


def rank(report: TestReport, sources: Mapping[str, bytes]) -> tuple[Suspect, ...]:
    """Functions of `sources` (path -> content) that failing tests touched, most suspicious first."""
    failing = [test for test in report.tests if test.status in FAILING]
    traces = _traceback_lines(failing)
    spectrum = {item.path: item for item in report.spectrum}
    suspects: list[Suspect] = []
    for path in sorted(set(spectrum) | set(traces)):
        if path in sources:
            lines = _line_scores(spectrum.get(path), len(failing))
            suspects += _suspects(path, sources[path], lines, traces.get(path, {}), len(failing))
    return tuple(sorted(suspects, key=lambda s: (-s.score, s.last_line - s.first_line, s.target)))


def traceback_report(command: str, said: str) -> TestReport:
    """A command's output read as one failing test, so that Python tracebacks in it can be ranked."""
    frames = tuple(
        Frame(path=path, line=int(line), function=function)
        for path, line, function in TRACEBACK_LINE.findall(said)
        if not path.startswith("/")
    )
    return TestReport(tests=(TestResult(id=command, status="failed", frames=frames),))


def _line_scores(spectrum: FileSpectrum | None, total_failed: int) -> dict[int, float]:
    lines = spectrum.lines if spectrum else ()
    return {count.line: ochiai(count.failed, count.passed, total_failed) for count in lines}


def _traceback_lines(failing: Iterable[TestResult]) -> dict[str, Counter[int]]:
    """path -> line -> how many failing tests have it in their traceback."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for test in failing:
        for path, line in {(frame.path, frame.line) for frame in test.frames}:
            found[path][line] += 1
    return found


def _suspects(
    path: str, source: bytes, lines: Mapping[int, float], traces: Mapping[int, int], total_failed: int
) -> Iterable[Suspect]:
    try:
        spans = functions(source)
    except ValueError:  # not Python, or not today's: nothing that could be replaced in it
        return
    executed = set(lines) | set(traces)
    for span in _outermost(spans):
        own = {
            n: lines.get(n, 0.0) for n in executed if span.def_line < n <= span.last_line or (n in traces and n == span.def_line)
        }
        traced = sum(traces.get(line, 0) for line in own)
        best = max(own.values(), default=0.0)
        if not best and not traced:
            continue
        share = min(1.0, traced / total_failed) if total_failed else 0.0
        yield Suspect(
            path=path,
            name=span.qualname,
            first_line=span.first_line,
            last_line=span.last_line,
            score=min(1.0, (1 - TRACEBACK_WEIGHT) * best + TRACEBACK_WEIGHT * share),
            lines=_ranked_lines(own, traces),
            why=_why(best, traced, total_failed),
        )


def _outermost(spans: tuple[FunctionSpan, ...]) -> tuple[FunctionSpan, ...]:
    """Functions that stand in no other function: a nested one is part of its outer one."""
    ends = 0
    kept = []
    for span in sorted(spans, key=lambda s: (s.first_line, -s.last_line)):
        if span.first_line > ends:
            kept.append(span)
            ends = span.last_line
    return tuple(kept)


def _ranked_lines(own: Mapping[int, float], traces: Mapping[int, int]) -> tuple[SuspectLine, ...]:
    """Suspect lines; a line in a traceback counts as fully suspect."""
    scored = {line: 1.0 if line in traces else score for line, score in own.items()}
    return tuple(
        SuspectLine(line=line, score=score) for line, score in sorted(scored.items(), key=lambda kv: (-kv[1], kv[0])) if score
    )


def _why(ochiai_score: float, traced: int, total_failed: int) -> str:
    parts = [f"Ochiai {ochiai_score:.2f}"] if ochiai_score else []
    if traced:
        parts.append(f"in the traceback of {min(traced, total_failed)} of {total_failed} failing tests")
    return ", ".join(parts)
