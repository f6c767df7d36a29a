"""The planner's read-only tools. Each answers with text for the planner and a `Found` as its artifact."""

import ast
import asyncio
import difflib
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from langchain_core.tools import BaseTool, StructuredTool
from soloist_sandbox.checks import parse_check
from soloist_sandbox.contract import Check, Outcome, PytestCheck, Session, TestReport
from soloist_sandbox.integrity import protected, refuse_changes

from soloist_tools.edits import apply_edits, parse_edits
from soloist_tools.evidence import Evidence, Found
from soloist_tools.failing_tests import sources_of_tests
from soloist_tools.functions import functions
from soloist_tools.localise import FAILING, Suspect, rank, traceback_report
from soloist_tools.parsing import parsed
from soloist_tools.searching import hits, windows
from soloist_tools.showing import ended, numbered, shown_output
from soloist_tools.tree import Tree

SHOWN_FAILURES = 10
SHOWN_SUSPECTS = 20
SHOWN_LINES = 200
SHOWN_NAMES = 80
"""Files that are listed by name."""
MOST_CONTEXT = 10
SHOWN_RANKED = 8
CLEAR_DROP = 0.3
"""Suspects far below the first are not worth a planner's reading."""
SHOWN_SOURCES = 3
LONGEST_SOURCE = 60
"""Lines of a suspect's code; a longer one mostly hands on to others."""
SHOWN_SUSPECT_LINES = 160
"""Lines of the first suspects' code that are shown with their ranking."""
SHOWN_HITS = 60
SHOWN_WINDOWS = 15


TRY_EDIT = (
    "Apply edits to a copy and run the task's check, or `command`, on it. Each edit: a line with the path, then "
    "<<<<<<< SEARCH, old lines (exactly once in the file), =======, new lines, >>>>>>> REPLACE. Gives an id for a step's `patch`."
)


def looking_tools(root: Path, session: Session, check: Check | None, *, edits: bool = True) -> tuple[BaseTool, ...]:
    """Tools over the working copy at `root`; none of them writes to it. `edits`: whether edits may be tried."""
    look = _Look(root, session, check)
    tools = [
        _tool(look.files, "files", "List the files below a folder, each with its number of lines."),
        _tool(
            look.read, "read", "Read lines of a file, at most 200 at once; or one definition by its `symbol`, like Class.method."
        ),
        _tool(look.search, "search", "Find a literal text in all files, in any case. `context`: lines shown around each hit."),
        _tool(
            look.run,
            "run",
            "Run a command by `sh` on a copy of the repository in the sandbox (no network, no git; changes are lost).",
        ),
    ]
    if edits:
        tools.append(_tool(look.try_edit, "try_edit", TRY_EDIT))
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
        self._tree = Tree(self._root)
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
        shown = _told(evidence)
        sources = await asyncio.to_thread(sources_of_tests, [e.source for e in evidence], self._tree)
        return "\n\n".join((ended(outcome), *shown, *sources)), found

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
        likely = [s for s in suspects[:SHOWN_RANKED] if s.score >= CLEAR_DROP * suspects[0].score]
        lines = [f"{s.score:.2f} {s.target}" for s in likely]
        code = await asyncio.to_thread(self._sources, suspects)
        head = "Suspicion from 0 to 1, by which tests run what; a hint, no proof. The cause may be what these call."
        return "\n".join(
            [head, *lines, "", code]
        ) if lines else "No function of the repository was executed by a failing test.", found

    async def run(self, command: str) -> tuple[str, Found]:
        """Run any command on the unchanged tree."""
        outcome = await self._session.run(parse_check(command))
        text = f"{ended(outcome)}\n{shown_output(outcome)}"
        return text, Found(evidence=(Evidence(source=command, text=text, why="run by the planner"),))

    async def try_edit(self, edits: str, command: str = "") -> tuple[str, Found]:
        """Run a check on the tree with edits applied; nothing is kept but the edits themselves, under an id."""
        changes = await asyncio.to_thread(lambda: apply_edits(parse_edits(edits), self._tree.read))
        check = parse_check(command) if command.strip() else self._known_check()
        refuse_changes(changes, self._check or check, self._tree)
        outcome = await self._session.run(check, changes=changes)
        head = f"{patch_id(edits)} changes {', '.join(changes)}; {_first_line(str(check))}: {ended(outcome)}"
        failed = outcome.report is not None and outcome.report.ids("failed", "error")
        told = [head, *(_told(_failures(str(check), outcome)) if failed else [shown_output(outcome)])]
        return "\n\n".join(told), Found()

    async def read(self, path: str, first: int = 1, last: int = 0, symbol: str = "") -> tuple[str, Found]:
        """Lines `first` to `last` of a text file, numbered; or those of a definition."""
        path = _relative(path)
        raw = await asyncio.to_thread(self._tree.read, path)
        if raw is None:
            raise ValueError(f"there is no file {path}; `files` lists what there is")
        lines = raw.decode("utf-8", "replace").splitlines()
        if symbol:
            first, last = await asyncio.to_thread(_lines_of, raw, symbol)
        first = max(first, 1)
        wanted = min(last or len(lines), len(lines))
        last = min(wanted, first + SHOWN_LINES - 1)
        shown = numbered(lines[first - 1 : last], first)
        source = f"{path}:{first}-{max(first, last)}"
        head = f"{path}, lines {first}-{last} of {len(lines)}" if last >= first else f"{path} has {len(lines)} lines"
        if last < wanted:
            head += f" (at most {SHOWN_LINES} at once: go on from {last + 1})"
        return f"{head}\n{shown}", Found(evidence=(Evidence(source=source, text=shown, why="read by the planner"),))

    async def files(self, folder: str = ".") -> tuple[str, Found]:
        """Files below a folder."""
        return await asyncio.to_thread(self._listed, _relative(folder)), Found()

    async def search(self, text: str, folder: str = ".", context: int = 0) -> tuple[str, Found]:
        """Lines that contain the text, each with its place; sources first."""
        if not text.strip():
            raise ValueError("give a text to search for")
        context = max(0, min(context, MOST_CONTEXT))
        found = await asyncio.to_thread(hits, self._tree, text, _relative(folder))
        shown = found[: SHOWN_WINDOWS if context else SHOWN_HITS]
        parts = windows(self._tree, shown, context) if context else [f"{path}:{number}: {line}" for path, number, line in shown]
        if left := Counter(path for path, _, _ in found[len(shown) :]):
            named = ", ".join(f"{path} ({count})" for path, count in list(left.items())[:12])
            parts.append(f"… {sum(left.values())} more lines in {named}; search for something rarer, or in a folder")
        evidence = tuple(Evidence(source=f"{path}:{number}", text=line, why=f"holds {text!r}") for path, number, line in shown)
        return ("\n\n" if context else "\n").join(parts) or f"no line holds {text!r}", Found(evidence=evidence)

    def _listed(self, folder: str) -> str:
        """All files of a small tree; of a large one those at its root, the Python files, and how many others each folder has."""
        paths = [path for path in self._tree if folder == "." or path.startswith(f"{folder}/")]
        if not paths:
            raise ValueError(f"there is no folder {folder} with files in it")
        named = paths if len(paths) <= SHOWN_NAMES else [p for p in paths if p.endswith(".py") or "/" not in p][:SHOWN_NAMES]
        lines = [f"{path} ({self._length(path)})" for path in named]
        rest = Counter(path.rpartition("/")[0] or "." for path in set(paths) - set(named))
        lines += [f"{name}/ ({count} {'more ' if named else ''}files)" for name, count in sorted(rest.items())[:SHOWN_NAMES]]
        return "\n".join(lines)

    def _length(self, path: str) -> int:
        return len((self._tree.read(path) or b"").splitlines())

    def _sources(self, suspects: Sequence[Suspect]) -> str:
        """The code of the first suspects: what a planner would ask for next."""
        parts, room = [], SHOWN_SUSPECT_LINES
        for suspect in suspects[:SHOWN_SOURCES]:
            lines = (self._tree.read(suspect.path) or b"").decode("utf-8", "replace").splitlines()
            part = lines[suspect.first_line - 1 : suspect.last_line]
            if len(part) <= min(room, LONGEST_SOURCE):
                room -= len(part)
                parts.append(
                    f"{suspect.path}, lines {suspect.first_line}-{suspect.last_line}\n{numbered(part, suspect.first_line)}"
                )
        return "\n\n".join(parts)

    def _known_check(self) -> Check:
        if self._check is None:
            raise ValueError("the task has no check")
        return self._check

    def _suspects(self, report: TestReport) -> tuple[Suspect, ...]:
        """Ranked functions of the Python files that the check itself isn't made of."""
        check = self._known_check()
        paths = {item.path for item in report.spectrum} | {frame.path for test in report.tests for frame in test.frames}
        repairable = [p for p in paths if p.endswith(".py") and p in self._tree and not protected(p, check)]
        return rank(report, {path: self._tree[path] for path in repairable})


def patch_id(edits: str) -> str:
    """The name under which tried edits can be submitted."""
    return f"patch-{hashlib.sha256(edits.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def _relative(path: str) -> str:
    """A path as the tree knows it. Raises ValueError for one that leads out of the repository."""
    parts = [part for part in path.strip().split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts:
        raise ValueError(f"{path} leads out of the repository; give a path relative to its root")
    return "/".join(parts) or "."


def _lines_of(source: bytes, symbol: str) -> tuple[int, int]:
    """First and last line of a function, method or class. Raises ValueError where there is none of that name."""
    spans = {span.qualname: (span.first_line, span.last_line) for span in functions(source)}
    for node in ast.walk(parsed(source.decode("utf-8", "replace"))):
        if isinstance(node, ast.ClassDef):
            spans.setdefault(node.name, (node.lineno, node.end_lineno or node.lineno))
    if symbol not in spans:
        near = ", ".join(difflib.get_close_matches(symbol, spans, n=5, cutoff=0.4)) or ", ".join(list(spans)[:20])
        raise ValueError(f"there is no {symbol} in this file; there are {near or 'no definitions'}")
    return spans[symbol]


def _told(evidence: Sequence[Evidence]) -> list[str]:
    """Failures as text; those that end alike are told once."""
    groups: dict[str, list[Evidence]] = {}
    for item in evidence:
        groups.setdefault(item.text.strip().rpartition("\n")[2] if "Error" in item.text else item.text, []).append(item)
    return ["\n".join([*(item.source for item in group), group[0].text]) for group in groups.values()]


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return f"`{line[:100]}{'…' if len(line) < len(text.strip()) or len(line) > 100 else ''}`"


def _failures(command: str, outcome: Outcome) -> list[Evidence]:
    report = outcome.report
    failing = [test for test in report.tests if test.status in FAILING] if report else []
    if failing:
        return [Evidence(source=test.id, text=test.message, why="fails before any change") for test in failing[:SHOWN_FAILURES]]
    return [Evidence(source=command, text=shown_output(outcome), why=f"the check's output; exit code {outcome.exit_code}")]


def _flaky(before: Outcome | None, after: Outcome) -> tuple[str, ...]:
    """Tests with different results in two runs of the same tree. Tests cut off by a limit don't count."""
    if before is None or before.report is None or after.report is None:
        return ()
    if not (before.report.complete and after.report.complete):
        return ()
    first = {test.id: test.status in FAILING for test in before.report.tests}
    return tuple(test.id for test in after.report.tests if first.get(test.id, test.status in FAILING) != (test.status in FAILING))
