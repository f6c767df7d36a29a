"""`soloist sandbox run`: one program, command or check in the sandbox, for people and scripts."""

import asyncio
from pathlib import Path

from soloist_sandbox.contract import Check, FunctionCheck, Outcome, PytestCheck
from soloist_sandbox.integrity import Judgement, judge

from soloist.cli import sandbox_showing as showing
from soloist.cli.bringing_back import bring_back
from soloist.cli.sandbox_job import Asked, Job, prepared
from soloist.cli.sandboxing import image_of
from soloist.cli.settings import settings_of
from soloist.cli.stopping import until_stopped
from soloist.config.settings import SandboxSettings
from soloist.engine import open_session


def run_in_sandbox(asked: Asked) -> int:
    """Run it, show what came out, and give the exit code.

    Raises `ValueError` for bad input, `OSError` for files that can't be read or written, `SandboxUnavailable`.
    """
    loaded = settings_of(asked.typed, asked.repo)
    image, settings = image_of(loaded, asked.repo), loaded.settings.sandbox
    with prepared(asked) as job:
        outcome, judgement = asyncio.run(until_stopped(_run(job, image, settings, collect=asked.collect is not None)))
    if asked.json:
        showing.show_json(outcome, judgement)
    else:
        _show(job.check, outcome, judgement)
    if asked.collect is not None:
        written, removed = bring_back(outcome.files, asked.collect, force=asked.force)
        showing.say(_brought(written, removed, asked.collect))
    return showing.exit_code(job.check, outcome, judgement)


async def _run(job: Job, image: str, settings: SandboxSettings, *, collect: bool) -> tuple[Outcome, Judgement | None]:
    where = {"image": image, "backend": settings.backend, "runtime": settings.runtime}
    async with open_session(job.tree, **where, limits=job.limits, say=showing.say) as session:
        before = None
        if job.blank is not None:  # tests that pass on an empty program prove nothing about this one
            before = await session.run(job.check, changes={job.blank: b""})
        outcome = await session.run(job.check, changes=job.changes, collect=collect)
    return outcome, judge(job.check, before, outcome) if _judged(job.check) else None


def _judged(check: Check) -> bool:
    """Whether something is expected: a program or command is only run."""
    if isinstance(check, FunctionCheck):
        return any(call.returns is not None or call.raises is not None for call in check.calls)
    return isinstance(check, PytestCheck)


def _show(check: Check, outcome: Outcome, judgement: Judgement | None) -> None:
    if isinstance(check, FunctionCheck):
        showing.show_calls(check, outcome, judgement)
    elif judgement is not None:
        showing.show_tests(outcome, judgement)
    else:
        showing.show_program(outcome)


def _brought(written: int, removed: int, folder: Path) -> str:
    told = f"{written} {'file' if written == 1 else 'files'} written to {folder}"
    return f"{told}; the program has removed {removed}, in its sandbox alone" if removed else told
