"""One container with a workspace in it, and the conversation with its runner."""

import asyncio
import itertools
import json
import os
from functools import partial
from typing import Any, Final

from soloist_sandbox import grading
from soloist_sandbox.collected import changed_files
from soloist_sandbox.contract import (
    Changes,
    Check,
    CommandCheck,
    FunctionCheck,
    Limits,
    Outcome,
    ProgramCheck,
    PytestCheck,
    SandboxUnavailable,
    Screened,
)
from soloist_sandbox.endings import to_the_end
from soloist_sandbox.engine import Container, Engine, Size
from soloist_sandbox.image import frames
from soloist_sandbox.report import parse_report
from soloist_sandbox.tree import Packed
from soloist_sandbox.wire import MAX_REPORT, ContainerLost, Finished, read_finished, read_opened, read_ready

START_SECONDS: Final = 60.0
"""From starting a container to an unpacked workspace."""
GRACE_SECONDS: Final = 10.0
"""How long after a job's limit the broker may take to answer."""
PING_SECONDS: Final = 5.0
WARM_SECONDS: Final = 10.0
MOST_JOBS: Final = 1000
"""After so many jobs a container is replaced, whatever state it is in."""
_WORTH_WARMING: Final = 4
"""For fewer jobs, compiling everything first costs more than it saves."""
_NUDGE: Final = 0.8
"""Part of the limit after which a traced run is asked to come to its end."""
_HELPERS: Final = 4
"""Processes of ours beside a job's: the broker, one forked ahead, one that brings files back, and one to spare."""
_KINDS: Final[dict[type[Any], int]] = {
    CommandCheck: frames.COMMAND,
    PytestCheck: frames.PYTEST,
    FunctionCheck: frames.FUNCTION,
    ProgramCheck: frames.PROGRAM,
}
_LONG_REPORT: Final = 1 << 16


def size_for(limits: Limits, tree: Packed) -> Size:
    """The container that these limits need."""
    return Size(
        memory_mb=limits.memory_mb,
        processes=limits.processes,
        disk_mb=limits.disk_mb,
        cpus=limits.cpus,
        tree_mb=2 * tree.disk // (1 << 20) + 8,
        entries=tree.entries,
    )


class Worker:
    """A container ready for jobs, one at a time."""

    def __init__(self, engine: Engine, container: Container, size: Size) -> None:
        self._engine = engine
        self._container = container
        self.size = size
        self.flat = ""
        """Why jobs get no namespaces of their own here; "" when they do."""
        self._serials = itertools.count(1)
        self._jobs = 0
        self._asked: tuple[Check, bytes] | None = None
        self._warmed: set[str] = set()
        self._cold = 0

    @classmethod
    async def start(cls, engine: Engine, tree: Packed, limits: Limits) -> "Worker":
        """Start a container and unpack the workspace.

        Raises `ContainerLost` and `SandboxUnavailable`. Leaves nothing behind when it fails or is cancelled.
        """
        size = size_for(limits, tree)
        container = await engine.start(size)
        worker = cls(engine, container, size)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker._open(tree)
        except BaseException as error:
            words = "" if isinstance(error, asyncio.CancelledError) else await container.last_words()
            await to_the_end(container.end())
            if isinstance(error, TimeoutError):
                raise ContainerLost(f"the container was not ready after {START_SECONDS:.0f} s. {words}".strip()) from error
            if isinstance(error, ContainerLost) and words:
                raise ContainerLost(f"{error}: {words}") from error
            raise
        return worker

    @property
    def usable(self) -> bool:
        """Whether it may run another job."""
        return self._jobs == 0 or (not self.flat and self._jobs < MOST_JOBS)

    async def _open(self, tree: Packed) -> None:
        self.flat = await read_ready(self._container.read)
        length = tree.length if tree.entries else 0
        await self._container.write(frames.Order(frames.OPEN, length=length, disk=self.size.disk_mb << 20).pack())
        offset = 0
        while offset < length:
            piece = tree.chunk(offset)
            await self._container.write(piece)
            offset += len(piece)
        await read_opened(self._container.read)

    async def answers(self) -> bool:
        """Whether the broker is still there; asked before a container that was idle is used again."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._container.write(frames.Order(frames.PING).pack())
                await read_ready(self._container.read)
        except (ContainerLost, TimeoutError):
            return False
        return True

    async def outcome(self, check: Check, changes: Changes, limits: Limits, *, trace: bool, collect: bool) -> Outcome:
        """Run one job. Raises `ContainerLost`, and `ValueError` for changes that the workspace can't take."""
        if collect and self.flat:
            raise SandboxUnavailable(f"changed files can't be brought back from jobs without own namespaces: {self.flat}")
        done = await self._job(check, changes, limits, trace=trace, evidence=True, flags=frames.COLLECT if collect else 0)
        result = done.result
        limit = frames.LIMITS[result.limit]
        exit_code, signal = _ending(done)
        return Outcome(
            exit_code=exit_code,
            signal=signal,
            limit=limit,
            stdout=done.stdout.decode(errors="replace"),
            stderr=done.stderr.decode(errors="replace"),
            truncated=bool(result.truncated),
            seconds=result.seconds,
            cpu_seconds=result.cpu_seconds,
            peak_memory_mb=result.resident_kb / 1024 if result.resident_kb else None,
            files=changed_files(done.files, changes),
            backend=self._engine.name,
            **await _understood(check, done.report),
        )

    async def screened(self, index: int, check: Check, changes: Changes, limits: Limits) -> Screened:
        """Run one of many variants. Raises as `outcome`."""
        done = await self._job(check, changes, limits)
        return Screened(
            index=index,
            exit_code=_ending(done)[0],
            limit=frames.LIMITS[done.result.limit],
            seconds=done.result.seconds,
            **await _understood(check, done.report),
        )

    async def warm(self, check: Check, limits: Limits, coming: int) -> None:
        """Let pytest compile what it will import, once, so that later jobs need not; if that is worth it for what is coming.

        Raises `ContainerLost`.
        """
        if not isinstance(check, PytestCheck) or self.flat:
            return
        files = {name.partition("::")[0] for name in check.ids} or {"*"}
        if "*" in self._warmed or files <= self._warmed:
            return
        self._cold += 1
        if coming < _WORTH_WARMING and self._cold < _WORTH_WARMING:
            return
        longer = limits.model_copy(update={"seconds": max(limits.seconds, WARM_SECONDS)})
        await self._job(check, {}, longer, flags=frames.WARM)
        self._warmed |= files

    async def _job(
        self, check: Check, changes: Changes, limits: Limits, *, trace: bool = False, evidence: bool = False, flags: int = 0
    ) -> Finished:
        self._jobs += 1
        payload = self._question(check) + _rest(changes, limits, next(self._serials), trace=trace, evidence=evidence)
        order = frames.Order(
            op=frames.JOB,
            kind=_KINDS[type(check)],
            flags=flags,
            length=len(payload),
            seconds=limits.seconds,
            nudge=limits.seconds * _NUDGE if trace else 0,
            memory=limits.memory_mb << 20,
            disk=limits.disk_mb << 20,
            processes=0 if self.flat and self._engine.counts_processes else limits.processes + _HELPERS,
            output=limits.output_kb << 10,
            report=MAX_REPORT,
        )
        try:
            async with asyncio.timeout(limits.seconds + GRACE_SECONDS):
                await self._container.write(order.pack() + payload)
                return await read_finished(self._container.read, 2 * MAX_REPORT + (limits.output_kb << 11))
        except TimeoutError:
            raise ContainerLost(
                f"the container did not answer within {limits.seconds:g} s and {GRACE_SECONDS:g} s of grace"
            ) from None

    def _question(self, check: Check) -> bytes:
        """The check without what is expected of it; made once for all variants that it is put to."""
        if self._asked is None or self._asked[0] is not check:
            asked = grading.question(check) if isinstance(check, FunctionCheck | ProgramCheck) else check.model_dump()
            self._asked = check, _framed(asked)
        return self._asked[1]

    async def end(self) -> None:
        """End the container. Never raises."""
        await self._container.end()


def _rest(changes: Changes, limits: Limits, serial: int, *, trace: bool, evidence: bool) -> bytes:
    """What the job's own process reads after the question: how to run it, and the changed files."""
    job: dict[str, Any] = {
        "files": [(path, len(content)) for path, content in changes.items()],
        "serial": serial,
        "test_seconds": limits.test_seconds,
        "trace": trace,
        "canary": evidence,
        "brief": not evidence,
    }
    return b"".join((_framed(job), *changes.values()))


def _framed(value: dict[str, Any]) -> bytes:
    text = json.dumps(value).encode()
    return len(text).to_bytes(4, "big") + text


def _ending(done: Finished) -> tuple[int | None, int | None]:
    """(exit code, signal): no exit code where a limit or a signal ended the program."""
    status = done.result.status
    signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) and not done.result.limit else None
    return code, signal


async def _understood(check: Check, report: bytes) -> dict[str, Any]:
    """What the job said about itself, by the field that it belongs to."""
    understand = partial(_understand, check, report)
    return understand() if len(report) < _LONG_REPORT else await asyncio.to_thread(understand)


def _understand(check: Check, report: bytes) -> dict[str, Any]:
    match check:
        case PytestCheck():
            return {"report": parse_report(report)}
        case FunctionCheck():
            return {"returned": grading.returned(report, most=len(check.calls) + 1)}
        case ProgramCheck():
            return {"ran": grading.ran(report)}
        case CommandCheck():
            return {}
