"""Soloist from Python: repair a repository and read the report. Nothing is written to the repository.

python examples/sdk.py examples/timetable "pytest -q"
"""

import asyncio
import sys
from pathlib import Path

from soloist import Budget, Orchestrator, Report, Task, parse_check


async def repair(repository: Path, check: str) -> Report:
    """Ask for a passing check, with a minute to find the fault; every event is one line."""
    task = Task(
        goal="make the failing tests pass",
        repository=repository,
        check=parse_check(check),
        budget=Budget(seconds=60),
        approval="never",
    )
    return await Orchestrator(listener=lambda event: print(f"{event.kind}: {event.text}")).run(task)


def main() -> None:
    """The repository and the check are the program's arguments."""
    report = asyncio.run(repair(Path(sys.argv[1]), sys.argv[2]))
    print(f"solved: {report.solved} ({report.level}), because {report.why}")
    print(report.diff)


if __name__ == "__main__":
    main()
