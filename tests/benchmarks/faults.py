"""Every fault of a model server at every call of the delegation story, once and for good: is a promise ever broken?

    python tests/benchmarks/faults.py [--once] [--only NAME] … [--json OUT]

A run must end in time, solved with its proof or with its reason in one line, and must never claim what was not proved. Prints one
line for each fault: how many of its runs were solved, the longest time, and every promise that was broken.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from soloist.engine import open_sandbox
from soloist_sandbox.contract import Sandbox

from tests.stories import delegation as shop
from tests.stories.faults import FAULTS, POSITIONS, Ended, broken_promises, run_with


async def one(name: str, position: int, sandbox: Sandbox, *, forever: bool) -> Ended:
    """One run in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="soloist-faults-") as folder:
        root = Path(folder) / "repository"
        for path, text in shop.FILES.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return await run_with(root, Path(folder) / "state", FAULTS[name], position, forever=forever, sandbox=sandbox)


async def measured(names: list[str], ways: list[bool]) -> list[dict[str, object]]:
    """All runs, one after the other."""
    sandbox = await open_sandbox("base", None, lambda line: None)
    rows: list[dict[str, object]] = []
    for name in names:
        for forever in ways:
            ended = [await one(name, position, sandbox, forever=forever) for position in POSITIONS]
            broken = [f"call {p}: {fault}" for p, e in zip(POSITIONS, ended, strict=True) for fault in broken_promises(e)]
            solved = sum(e.report.solved for e in ended)
            rows.append({"fault": name, "forever": forever, "solved": solved, "of": len(ended), "broken": broken})
            way = "for good" if forever else "once"
            longest = max(e.seconds for e in ended)
            print(
                f"{name:<26}{way:<10}{solved} of {len(ended)} solved, longest {longest:4.1f} s  {'; '.join(broken) or 'kept'}",
                flush=True,
            )
    return rows


def main() -> int:
    """The exit code is 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="only faults that pass")
    parser.add_argument("--only", action="append", choices=list(FAULTS))
    parser.add_argument("--json", type=Path)
    typed = parser.parse_args()
    rows = asyncio.run(measured(typed.only or list(FAULTS), [False] if typed.once else [False, True]))
    if typed.json:
        typed.json.write_text(json.dumps(rows, indent=1))
    broken = sum(len(row["broken"]) for row in rows if isinstance(row["broken"], list))
    print(f"{len(rows) * len(POSITIONS)} runs, {broken} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
