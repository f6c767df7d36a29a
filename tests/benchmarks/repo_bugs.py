"""Real bug-fix commits: how many are solved, how many refused, and is any claimed as solved that is not?

    python tests/benchmarks/repo_bugs.py --data FOLDER --mirrors FOLDER [--localise-only] [--gold] [--limit N] [--only ID] …

Each task becomes a git repository: the tree before the fix with the fix's tests. The check is `pytest -q` on the task's test
files. A claim is WRONG when the material's own way of running the task's tests, over the patched tree and in the sandbox,
does not see every test pass that the fix made pass. With --localise-only nothing is repaired: the rank of a truly changed
function among the suspects is told. With --gold the real fix is judged instead, which shows the tasks that can't be solved here.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from changed_functions import changed_functions, rank, suspects_of
from measuring import (
    Settings,
    costs,
    finish,
    line,
    options,
    patched,
    repair,
    rows_of,
    sandbox_for,
    scratch,
    settings,
    share,
    told,
)
from soloist import SandboxUnavailable
from soloist_agents.contract import Plan, Situation
from soloist_agents.playbook import Playbook
from soloist_sandbox import images
from soloist_sandbox.contract import CommandCheck, Limits, PytestCheck, Sandbox

IMAGE = "repo-bugs"
METADATA_ONLY = " (for its dist metadata only)"
RUNS_ALL = ("pytest-timeout", "pytest-mock")
"""What the material's own runner needs."""
JUDGE = Path(__file__).with_name("judging_in_sandbox.py")
JUDGING = Limits(seconds=400, memory_mb=2048, output_kb=8192)
WIDTHS = (26, 14, 12, 8, 11, 7, 60)


class Witness(Playbook):
    """The playbook, remembering the suspects; it makes no step where only they are wanted."""

    def __init__(self, *, only_look: bool) -> None:
        self.suspects: list[str] = []
        self._only_look = only_look

    async def plan(self, situation: Situation) -> Plan:
        """Remember, then plan as the playbook does."""
        self.suspects = suspects_of(situation.gathered)
        return Plan(steps=(), mode="any") if self._only_look else await super().plan(situation)


def requirements(tasks: Sequence[dict[str, Any]]) -> list[str]:
    """Everything that any task's tests need, for one image.

    What is wanted for its metadata alone is installed too: the work tree stands before it on the import path.
    """
    wanted = {need.removesuffix(METADATA_ONLY) for task in tasks for need in task["pip_deps"]}
    return sorted(wanted | set(RUNS_ALL))


def check_of(task: dict[str, Any], tree: Path) -> PytestCheck:
    """pytest as the material runs it: the project's own options and warning filters out, its sources first on the path."""
    source = "src" if (tree / "src").is_dir() else "."
    plugins = ("-p", "pytest_mock") if task["repo"] == "arrow-py/arrow" else ()
    own = ("-o", "addopts=", "-o", "filterwarnings=default", "-o", f"pythonpath={source}")
    return PytestCheck(args=("-q", "--disable-plugin-autoload", *plugins, *own, *task["test_args"]), as_module=True)


async def materialise(task: dict[str, Any], wanted: Settings, mirrors: Path, tree: Path, *, gold: bool) -> None:
    """Lay the task out. Raises `CalledProcessError` where its mirror lacks the commit."""
    home = wanted.data / "repo_bugs"
    command = [sys.executable, home / "materialise.py", home / "tasks.jsonl", task["id"], tree, "--mirrors", mirrors]
    await asyncio.to_thread(subprocess.run, [*command, *(["--gold"] if gold else [])], check=True, capture_output=True)


async def judged(task: dict[str, Any], wanted: Settings, tree: Path, sandbox: Sandbox) -> tuple[bool, str]:
    """Whether the task's tests pass over the tree as it is now, and the first that does not."""
    folder = tree / ".judging"
    folder.mkdir()
    (folder / "task.json").write_text(json.dumps(task))
    for script in (JUDGE, wanted.data / "repo_bugs" / "materialise.py"):
        (folder / script.name).write_text(script.read_text())
    session = await sandbox.open(tree)
    try:
        command = f"python .judging/{JUDGE.name} .judging/materialise.py .judging/task.json"
        outcome = await session.run(CommandCheck(command=command), limits=JUDGING)
    finally:
        await session.close()
    results = json.loads(outcome.stdout.strip().splitlines()[-1]) if outcome.exit_code == 0 else None
    failing = [test for test in task["fail_to_pass"] if (results or {}).get(test) != "pass"]
    return not failing, failing[0] if failing else ""


async def one(task: dict[str, Any], wanted: Settings, typed: argparse.Namespace, sandbox: Sandbox, tree: Path) -> dict[str, Any]:
    """One task, in the mode that was asked for."""
    result: dict[str, Any] = {"task": task["id"], "repo": task["repo"], "kind": task["kind"]}
    await materialise(task, wanted, typed.mirrors, tree, gold=typed.gold)
    if typed.gold:
        passes, first = await judged(task, wanted, tree, sandbox)
        return {
            **result,
            "end": "valid" if passes else "invalid here",
            "note": first,
            "seconds": 0.0,
            "candidates": 0,
            "solved": passes,
        }
    targets = changed_functions(tree, task["source_diff"])
    witness = Witness(only_look=typed.localise_only)
    try:
        report, seconds = await repair(tree, check_of(task, tree), wanted, sandbox=sandbox, planner=witness)
    except (ValueError, SandboxUnavailable) as refusal:
        return {**result, "end": "refused", "note": str(refusal), "seconds": 0.0, "candidates": 0, "solved": False, "rank": None}
    result |= told(report, seconds)
    end = "solved" if report.solved else "looked" if typed.localise_only else "not solved"
    result |= {"end": end, "rank": rank(witness.suspects, targets)}
    result |= {
        "changed": sorted(targets),
        "suspects": len(witness.suspects),
        "failing": report.before.failed if report.before else 0,
    }
    if report.solved:
        await asyncio.to_thread(patched, tree, report)
        passes, first = await judged(task, wanted, tree, sandbox)
        if not passes:
            result |= {"end": "WRONG CLAIM", "note": f"{first} fails; {result['note']}"}
    return result


async def main() -> None:
    """See the module's docstring."""
    parser = options(__doc__, seconds=120)
    parser.add_argument("--mirrors", type=Path, required=True, help="folder of the projects' git directories, OWNER+NAME/repo")
    parser.add_argument("--localise-only", action="store_true", help="only rank the suspects")
    parser.add_argument("--gold", action="store_true", help="judge the real fixes")
    typed = parser.parse_args()
    wanted = settings(typed)
    every = rows_of(wanted.data / "repo_bugs" / "tasks.jsonl")
    await images.build(IMAGE, requirements=requirements(every), engines=engines(wanted), say=print)
    sandbox = await sandbox_for(wanted, IMAGE)
    results = []
    line(("task", "kind", "end", "seconds", "candidates", "rank", "note"), WIDTHS)
    for task in wanted.chosen(every, "id"):
        with scratch() as folder:
            result = await one(task, wanted, typed, sandbox, folder / "tree")
        results.append(result)
        cells = [result[key] for key in ("task", "kind", "end", "seconds", "candidates")]
        line((*cells, result.get("rank") or "", result["note"][:150]), WIDTHS)
    finish(wanted, sandbox.name, results, totals(results))


def engines(wanted: Settings) -> tuple[images.Engine, ...]:
    """For which engines the image is made."""
    known: tuple[images.Engine, ...] = ("docker", "bubblewrap")
    return tuple(engine for engine in known if wanted.backend in (None, engine))


def totals(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How the tasks ended, by kind, and how well the faults were located."""
    kinds = defaultdict(list)
    for result in results:
        kinds[result["kind"]].append(result["end"])
    ends = sorted({result["end"] for result in results})
    located = [result["rank"] for result in results if result.get("changed")]
    localised = {
        **{f"changed function among the first {top}": within(located, top) for top in (1, 3, 10)},
        "no function was changed (tables, classes)": sum(result.get("changed") == [] for result in results),
    }
    return {
        **{end: share(sum(result["end"] == end for result in results), len(results)) for end in ends},
        **{f"  {kind}": {end: of.count(end) for end in ends} for kind, of in sorted(kinds.items())},
        **(localised if located else {}),
        **costs(results),
    }


def within(ranks: Sequence[int | None], top: int) -> str:
    """The share of ranks not above `top`."""
    return share(sum(place is not None and place <= top for place in ranks), len(ranks))


if __name__ == "__main__":
    os.environ.setdefault("GIT_CONFIG_NOSYSTEM", "1")  # the user's git settings must not change the trees
    asyncio.run(main())
