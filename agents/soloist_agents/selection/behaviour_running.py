"""Fills a behaviour matrix: every program makes every call in the sandbox, many calls to a job.

A call that hangs or ends the interpreter costs one job: its cell says so, and the calls after it are made by a new job. A program
that does so more than `patience` times makes no more calls. Programs equal but for comments, docstrings and layout run once.
"""

import ast
import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from typing import Final, cast

from soloist_sandbox.contract import Call, Changes, FunctionCheck, Limits, Returned, Screened, Session

from soloist_agents.selection.behaviour import SKIPPED, Behaviours, Seen
from soloist_agents.selection.behaviour_equality import key

LIMITS: Final = Limits(seconds=2.0, memory_mb=256, output_kb=16)
"""Of one job, so of all calls of one program together: the call that the time runs out in counts as hanging. Honest calls of
small functions take milliseconds; give slow ones more."""
PATIENCE: Final = 2
"""Calls that may hang or end the interpreter before the program is given up with the next one."""
_UNUSABLE: Final = Seen("unusable")


async def observe(
    session: Session,
    programs: Sequence[str],
    calls: Sequence[str],
    *,
    path: str,
    function: str,
    base: Changes | None = None,
    limits: Limits = LIMITS,
    patience: int = PATIENCE,
) -> Behaviours:
    """The matrix of these programs (each the whole text of the file `path`) and these argument texts.

    `base`: other files to lay over the workspace under every program. Duplicates among the calls are made once. Takes at most
    `1 + patience` jobs of `limits.seconds` for a program.
    Raises `SandboxUnavailable`, and `ValueError` for arguments that are no literals.
    """
    started = time.monotonic()
    distinct = tuple(dict.fromkeys(calls))
    forms = [normal_form(text) for text in programs]
    sources = {form: text for form, text in reversed(list(zip(forms, programs, strict=True))) if form is not None}
    run = _Run(session, {**(base or {})}, path, function, distinct, limits, patience)
    await run.all(sources)
    rows = tuple(_row(run.cells.get(form) if form is not None else None, len(distinct)) for form in forms)
    return Behaviours(distinct, rows, seconds=time.monotonic() - started, jobs=run.jobs)


def normal_form(source: str) -> str | None:
    """The program without comments, docstrings and layout; None for what is no Python."""
    try:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) and _described(node.body):
                node.body = node.body[1:] or [ast.Pass()]
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _described(body: Sequence[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)


def _row(cells: list[Seen] | None, width: int) -> tuple[Seen, ...]:
    if cells is None:
        return (_UNUSABLE,) * width
    return (*cells, *[SKIPPED] * (width - len(cells)))


class _Run:
    """The cells so far, program by program, and what is left to do."""

    def __init__(
        self, session: Session, base: Changes, path: str, function: str, calls: Sequence[str], limits: Limits, patience: int
    ) -> None:
        self.cells: dict[str, list[Seen]] = {}
        self.jobs = 0
        self._session = session
        self._base = base
        self._path = path
        self._function = function
        self._calls = calls
        self._limits = limits
        self._patience = patience
        self._ended: defaultdict[str, int] = defaultdict(int)

    async def all(self, sources: dict[str, str]) -> None:
        """Rounds of jobs until no program has a call left to make."""
        waiting = list(sources) if self._calls else []
        self.cells = {form: [] for form in sources}
        while waiting:
            groups: defaultdict[int, list[str]] = defaultdict(list)
            for form in waiting:
                groups[len(self.cells[form])].append(form)
            try:
                async with asyncio.TaskGroup() as tasks:
                    for start, forms in groups.items():
                        tasks.create_task(self._from(start, forms, sources))
            except ExceptionGroup as failures:  # the first failure is the one to tell
                raise failures.exceptions[0] from None
            waiting = [form for form in waiting if self._has_more(form)]

    async def _from(self, start: int, forms: Sequence[str], sources: dict[str, str]) -> None:
        check = FunctionCheck(
            path=self._path,
            function=self._function,
            calls=tuple(Call(arguments=text) for text in self._calls[start:]),
        )
        variants = [{**self._base, self._path: sources[form].encode("utf-8", "replace")} for form in forms]
        self.jobs += len(variants)
        screened = cast("AsyncGenerator[Screened, None]", self._session.screen(check, variants, limits=self._limits))
        async with contextlib.aclosing(screened):
            async for result in screened:
                self._take(forms[result.index], result)

    def _take(self, form: str, result: Screened) -> None:
        cells = self.cells[form]
        if _unusable(result):
            cells += [_UNUSABLE] * (len(self._calls) - len(cells))
            return
        cells += map(seen, result.returned[: len(self._calls) - len(cells)])
        if len(cells) < len(self._calls):
            cells.append(Seen("hung") if result.limit == "seconds" else Seen("died", result.limit or ""))
            self._ended[form] += 1

    def _has_more(self, form: str) -> bool:
        return len(self.cells[form]) < len(self._calls) and self._ended[form] <= self._patience


def _unusable(result: Screened) -> bool:
    return result.exit_code == 3 and len(result.returned) == 1 and bool(result.returned[0].raised)


def seen(returned: Returned) -> Seen:
    """What came of one call, from what the job has written about it."""
    if returned.raised:
        return Seen("raised", returned.raised[0])
    if returned.value is None:
        return Seen("opaque", returned.message[:200])
    try:
        return Seen("value", key(returned.value))
    except ValueError:
        return Seen("opaque", "no literal")
