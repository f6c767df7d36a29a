"""The planner's read-only tools. Each answers with text for the planner and a `Found` as its artifact."""

import asyncio
from pathlib import Path

from langchain_core.tools import BaseTool, StructuredTool
from soloist_sandbox.contract import Check, Outcome, PytestCheck, Session, TestReport
from soloist_sandbox.integrity import protected

from soloist_tools.evidence import Evidence, Found
from soloist_tools.localise import FAILING, Suspect, rank, traceback_report

SHOWN_FAILURES = 10
SHOWN_SUSPECTS = 20
SHOWN_OUTPUT = 4000
SHOWN_LINES = 200


def looking_tools(root: Path, session: Session, check: Check | None) -> tuple[BaseTool, ...]:
    """Tools over the working copy at `root`; none of them writes."""
    look = _Look(root, session, check)
    tools = [_tool(look.read, "read", "Read lines of a file of the repository."), _tool(look.list, "list", "List a folder.")]
    if check is not None:
        tools.append(_tool(look.run_check, "run_check", "Run the task's check in the sandbox and read what fails."))
    if isinstance(check, PytestCheck):
        tools.append(
            _tool(look.trace_check, "trace_check", "Run the check with tracing and rank the functions that may be at fault.")
        )
    return tuple(tools)


def _tool(function: object, name: str, description: str) -> BaseTool:
    return StructuredTool.from_function(
        coroutine=function,  # type: ignore[arg-type]  # a bound method; its annotations give the arguments' schema
        name=name,
        description=description,
        response_format="content_and_artifact",
    )


class _Look:
    def __init__(self, root: Path, session: Session, check: Check | None) -> None:
        self._root = root.resolve()
        self._session = session
        self._check = check
        self._baseline: Outcome | None = None

    async def run_check(self) -> tuple[str, Found]:
        """Run the task's check on the unchanged tree."""
        outcome = await self._session.run(self._known_check())
        self._baseline = outcome
        evidence = tuple(_failures(str(self._check), outcome))
        report = outcome.report or traceback_report(str(self._check), outcome.stdout + outcome.stderr)
        found = Found(evidence=evidence, baseline=outcome, suspects=await asyncio.to_thread(self._suspects, report))
        return "\n\n".join(e.text for e in evidence), found

    async def trace_check(self) -> tuple[str, Found]:
        """Run the check once more, traced; name suspects, and tests that changed their mind."""
        outcome = await self._session.run(self._known_check(), trace=True)
        if outcome.report is None:
            return "The traced run gave no report.", Found()
        suspects = await asyncio.to_thread(self._suspects, outcome.report)
        found = Found(
            suspects=suspects,
            evidence=tuple(
                Evidence(source=f"{s.path}:{s.first_line}-{s.last_line}", text=s.name, score=s.score, why=s.why)
                for s in suspects[:SHOWN_SUSPECTS]
            ),
            flaky=_flaky(self._baseline, outcome),
        )
        lines = [f"{s.score:.2f} {s.target} ({s.why})" for s in suspects[:SHOWN_SUSPECTS]]
        return "\n".join(lines) or "No function of the repository was executed by a failing test.", found

    async def read(self, path: str, first: int = 1, last: int = SHOWN_LINES) -> tuple[str, Found]:
        """Lines `first` to `last` of a text file, numbered."""
        file = self._inside(path)
        text = (await asyncio.to_thread(file.read_bytes)).decode("utf-8", "replace")
        lines = text.splitlines()[max(first, 1) - 1 : min(last, first + SHOWN_LINES - 1)]
        numbered = "\n".join(f"{number:5d}  {line}" for number, line in enumerate(lines, max(first, 1)))
        source = f"{path}:{first}-{first + max(len(lines), 1) - 1}"
        return numbered, Found(evidence=(Evidence(source=source, text=numbered, why="read by the planner"),))

    async def list(self, path: str = ".") -> tuple[str, Found]:
        """Names in a folder; folders end with a slash."""
        folder = self._inside(path)
        names = await asyncio.to_thread(lambda: sorted(p.name + "/" * p.is_dir() for p in folder.iterdir()))
        return "\n".join(names), Found()

    def _known_check(self) -> Check:
        if self._check is None:
            raise ValueError("the task has no check")
        return self._check

    def _inside(self, path: str) -> Path:
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root):
            raise ValueError(f"{path} leads out of the repository")
        return file

    def _suspects(self, report: TestReport) -> tuple[Suspect, ...]:
        """Ranked functions of the Python files that the check itself isn't made of."""
        check = self._known_check()
        paths = {item.path for item in report.spectrum} | {frame.path for test in report.tests for frame in test.frames}
        repairable = [p for p in paths if p.endswith(".py") and (self._root / p).is_file() and not protected(p, check)]
        return rank(report, {path: (self._root / path).read_bytes() for path in repairable})


def _failures(command: str, outcome: Outcome) -> list[Evidence]:
    report = outcome.report
    failing = [test for test in report.tests if test.status in FAILING] if report else []
    if failing:
        return [Evidence(source=test.id, text=test.message, why="fails before any change") for test in failing[:SHOWN_FAILURES]]
    text = (outcome.stdout + outcome.stderr)[-SHOWN_OUTPUT:]
    return [Evidence(source=command, text=text, why=f"the check's output; exit code {outcome.exit_code}")]


def _flaky(before: Outcome | None, after: Outcome) -> tuple[str, ...]:
    """Tests with different results in two runs of the same tree. Tests cut off by a limit don't count."""
    if before is None or before.report is None or after.report is None:
        return ()
    if not (before.report.complete and after.report.complete):
        return ()
    first = {test.id: test.status in FAILING for test in before.report.tests}
    return tuple(test.id for test in after.report.tests if first.get(test.id, test.status in FAILING) != (test.status in FAILING))
