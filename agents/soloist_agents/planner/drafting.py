"""From a draft to a `Plan`: every fault is found and told in words that the model can act on."""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from soloist_sandbox.checks import parse_check
from soloist_sandbox.contract import Check
from soloist_sandbox.integrity import protected
from soloist_tools.functions import functions
from soloist_tools.looking import patch_id
from soloist_tools.parsing import parsed

from soloist_agents.contract import Plan, Situation, Step, ToolCall
from soloist_agents.excerpts import path_of
from soloist_agents.planner.draft import PlanDraft, StepDraft
from soloist_agents.step_check import TARGET, StepCheck, TestsCheck

LONGEST_STATEMENT = 12_000
MOST_STEPS = 20
IDENTIFIER = re.compile(r"[A-Za-z][\w.-]{0,39}")


class PlanRefused(ValueError):
    """The draft can't be used; `problems` says why, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def make_plan(draft: PlanDraft, situation: Situation) -> Plan:
    """The plan, with the steps of earlier plans that are done and not dropped before the new ones. Raises `PlanRefused`."""
    problems = list(_problems(draft, situation))
    if problems:
        raise PlanRefused(problems)
    done = sorted(_done(draft, situation))
    steps = [result.step for result in situation.history if result.step.id in done] if draft.steps else []
    for number, step in enumerate(draft.steps):
        needs = tuple(dict.fromkeys((*step.needs, *_before(draft.steps[:number], step), *done)))
        steps.append(_step(step, situation, needs))
    return Plan(steps=tuple(steps), dropped=draft.drop, note=draft.note)


def _before(earlier: Sequence[StepDraft], step: StepDraft) -> list[str]:
    """Earlier steps on the same files: an edit must see what it edits."""
    return [other.id for other in earlier if _touched(other) & _touched(step) and "edit" in (other.kind, step.kind)]


def _done(draft: PlanDraft, situation: Situation) -> set[str]:
    return {result.step.id for result in situation.history if result.solved} - set(draft.drop)


def _step(draft: StepDraft, situation: Situation, needs: tuple[str, ...]) -> Step:
    return Step(
        id=draft.id,
        goal=draft.goal,
        kind=draft.kind,
        target=_target(draft),
        files=draft.files,
        problem=draft.statement or draft.goal,
        check=_check(draft, situation),
        proposal=_tried(draft.patch, situation) or "",
        needs=needs,
        task=situation.goal,
        route=draft.chosen_route,
        reason=draft.reason,
    )


def _tried(patch: str, situation: Situation) -> str | None:
    """The edits that were tried under an id."""
    return next((_edits(call) for call in _tries(situation) if patch and patch_id(_edits(call)) == patch), None)


def _tries(situation: Situation) -> list[ToolCall]:
    return [call for call in situation.gathered.calls if call.tool == "try_edit"]


def _edits(call: ToolCall) -> str:
    return str(call.arguments.get("edits", ""))


def _target(draft: StepDraft) -> str | None:
    return draft.target.removeprefix("./") or None


def _check(draft: StepDraft, situation: Situation) -> StepCheck | None:
    if draft.check.tests:
        return TestsCheck(files={_test_path(draft, situation.tree): draft.check.tests})
    if draft.check.command:
        return parse_check(draft.check.command)
    if draft.check.task:
        return situation.check
    return _tried_check(draft.patch, situation) if draft.patch else None


def _tried_check(patch: str, situation: Situation) -> StepCheck | None:
    """The command that tried edits were run on, where the step names no check; else the task's own, where it judges."""
    command = next(
        (str(c.arguments.get("command") or "") for c in _tries(situation) if _edits(c) and patch_id(_edits(c)) == patch), ""
    )
    return parse_check(command) if command.strip() else None if situation.implied else situation.check


def _test_path(draft: StepDraft, tree: Mapping[str, bytes]) -> str:
    """Beside most of the repository's own tests; a name that isn't taken."""
    folders = Counter(path.rpartition("/")[0] for path in tree if re.search(r"(^|/)test_[^/]*\.py$", path))
    folder = "".join(f"{name}/" for name, _ in folders.most_common(1) if name)
    name = (draft.target.rpartition("::")[2] or draft.goal)[:40]
    slug = re.sub(r"\W+", "_", name).strip("_").lower() or draft.id
    taken = (path for number in itertools.count(2) if (path := f"{folder}test_{slug}_{number}.py") not in tree)
    first = f"{folder}test_{slug}.py"
    return first if first not in tree else next(taken)


def _problems(draft: PlanDraft, situation: Situation) -> Iterator[str]:
    if len(draft.steps) > MOST_STEPS:
        yield f"there are {len(draft.steps)} steps; at most {MOST_STEPS} are allowed"
    used = {result.step.id for result in situation.history}
    done = _done(draft, situation)
    seen: set[str] = set()
    for step in draft.steps:
        if not IDENTIFIER.fullmatch(step.id):
            yield f"step id {step.id!r} should look like s1"
        if step.id in seen or step.id in used:
            yield (
                f"step id {step.id} is used twice"
                if step.id in seen
                else f"step id {step.id} was used by an earlier plan; take a new one"
            )
        missing = sorted(set(step.needs) - seen - done)
        if missing:
            later = {other.id for other in draft.steps}
            why = "list a step after those it needs, without cycles" if set(missing) & later else "there is no such step"
            yield f"step {step.id} needs {', '.join(missing)}: {why}"
        seen.add(step.id)
        yield from (f"step {step.id}: {fault}" for fault in _faults(step, situation))
    unknown = set(draft.drop) - {result.step.id for result in situation.history if result.solved}
    if unknown:
        yield f"drop names {', '.join(sorted(unknown))}, which are no done steps"


def _faults(step: StepDraft, situation: Situation) -> Iterator[str]:
    tree = situation.tree
    if len(step.statement) > LONGEST_STATEMENT:
        yield f"the statement has {len(step.statement)} characters; at most {LONGEST_STATEMENT}"
    if step.kind in ("function", "program", "answer", "command") and not step.statement.strip():
        yield "it has no statement"
    if step.kind == "function":
        yield from _target_faults(step, situation.check, tree)
    for path in step.files:
        if path.startswith("/") or ".." in path.split("/"):
            yield f"{path} is no path relative to the repository's root"
        elif step.kind == "knowledge" and path_of(path) not in tree:
            yield f"there is no file {path}"
    if step.kind == "edit" and not step.files and not step.patch:
        yield "an edit step names its files, or a patch"
    if step.patch and _tried(step.patch, situation) is None:
        yield f"there is no {step.patch}; try_edit gives such ids"
    judged = situation.check is not None and not situation.implied
    yield from _check_faults(step, judged=judged, tried=bool(step.patch) and _tried_check(step.patch, situation) is not None)


def _target_faults(step: StepDraft, check: Check | None, tree: Mapping[str, bytes]) -> Iterator[str]:
    target = _target(step) or ""
    if not TARGET.fullmatch(target):
        yield f"target {step.target!r} should look like path/to/file.py::name or path/to/file.py::Class.method"
        return
    path, _, name = target.partition("::")
    if not path.endswith(".py"):
        yield f"target {path} is no Python file; use an edit step"
    elif check is not None and (reason := protected(path, check)):
        yield f"{path} can't be changed: {reason}"
    elif path not in tree and (near := [p for p in tree if p.endswith("/" + path.rpartition("/")[2])]):
        yield f"there is no file {path}; is it {near[0]}?"
    elif path in tree and "." in name:
        yield from _owner_faults(name, tree[path])


def _owner_faults(name: str, source: bytes) -> Iterator[str]:
    """A new method needs its class."""
    try:
        known = {span.qualname for span in functions(source)}
        classes = {node.name for node in ast.walk(parsed(source.decode("utf-8", "replace"))) if isinstance(node, ast.ClassDef)}
    except ValueError as error:
        yield f"its file can't be parsed ({error}); use an edit step"
        return
    owner = name.rpartition(".")[0]
    if name not in known and owner.rpartition(".")[2] not in classes:
        yield f"there is neither a function {name} nor a class {owner} in the file"


def _check_faults(step: StepDraft, *, judged: bool, tried: bool) -> Iterator[str]:
    given = [bool(step.check.task), bool(step.check.tests.strip()), bool(step.check.command.strip())]
    if sum(given) > 1:
        yield "its check has more than one of task, tests and command"
    if step.check.task and not judged:
        yield 'the task has no check of its own: write "tests" or a "command"'
    if sum(given) == 0 and not tried and (step.kind in ("function", "program", "answer") or (step.kind == "edit" and not judged)):
        yield "it has no check"
    if step.check.tests.strip():
        yield from _test_faults(step.check.tests)


def _test_faults(tests: str) -> Iterator[str]:
    try:
        tree = parsed(tests)
    except ValueError as error:
        yield f"its tests are {error}"
        return
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not any(name.startswith("test") for name in names):
        yield "its tests have no function whose name begins with test_"


def _touched(step: StepDraft) -> set[str]:
    return {*(path_of(file) for file in step.files), step.target.partition("::")[0]} - {""}
