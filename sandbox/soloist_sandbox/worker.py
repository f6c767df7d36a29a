"""One container with a workspace in it, and the conversation with its runner."""

import asyncio
import os
from typing import Any, Final

from soloist_sandbox.contract import Changes, Check, Limits, Outcome, PytestCheck, Screened
from soloist_sandbox.engine import Container, Engine, Size
from soloist_sandbox.report import parse_report
from soloist_sandbox.tree import Packed
from soloist_sandbox.wire import (
    MAX_REPORT,
    PROTOCOL,
    Broken,
    ContainerLost,
    Done,
    Opened,
    Ready,
    Refused,
    Reply,
    header,
    read_reply,
)

START_SECONDS: Final = 60.0
"""From starting a container to an unpacked workspace."""
GRACE_SECONDS: Final = 10.0
"""How long after a job's limit the runner may take to answer."""
WARM_SECONDS: Final = 10.0
_WORTH_WARMING: Final = 4
"""For fewer jobs, compiling everything first costs more than it saves."""
_NUDGE: Final = 0.8
"""Part of the limit after which a traced run is asked to come to its end."""


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
        self.usable = True
        """False once a job has left something behind."""
        self._warmed: set[str] = set()
        self._cold = 0

    @classmethod
    async def start(cls, engine: Engine, tree: Packed, limits: Limits, *, keep: bool) -> "Worker":
        """Start a container and unpack the workspace; with `keep`, it is put back after every job.

        Raises `ContainerLost` and `SandboxUnavailable`. Leaves nothing behind when it fails or is cancelled.
        """
        size = size_for(limits, tree)
        container = await engine.start(size)
        worker = cls(engine, container, size)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker._open(tree, keep)
        except BaseException as error:
            words = "" if isinstance(error, asyncio.CancelledError) else await container.last_words()
            await asyncio.shield(container.end())
            if isinstance(error, TimeoutError):
                raise ContainerLost(f"the container was not ready after {START_SECONDS:.0f} s. {words}".strip()) from error
            if isinstance(error, ContainerLost) and words:
                raise ContainerLost(f"{error}: {words}") from error
            raise
        return worker

    async def _open(self, tree: Packed, keep: bool) -> None:
        ready = (await read_reply(self._container.read)).answer
        if not isinstance(ready, Ready) or ready.protocol != PROTOCOL:
            raise ContainerLost("the image holds a runner of another version: run `soloist sandbox build`")
        await self._container.write(header({"op": "open", "keep": keep}, tree.length))
        offset = 0
        while offset < tree.length:
            piece = tree.chunk(offset)
            await self._container.write(piece)
            offset += len(piece)
        answer = (await read_reply(self._container.read)).answer
        if not isinstance(answer, Opened):
            raise ContainerLost(answer.why if isinstance(answer, Broken) else "the workspace was not unpacked")

    async def outcome(self, check: Check, changes: Changes, limits: Limits, *, trace: bool) -> Outcome:
        """Run one job. Raises `ContainerLost`, and `ValueError` for changes that the workspace can't take."""
        done, (stdout, stderr, report) = await self._job(check, changes, limits, trace=trace, evidence=True)
        exit_code, signal = _ending(done)
        return Outcome(
            exit_code=exit_code,
            signal=signal,
            limit=done.limit,
            stdout=stdout.decode(errors="replace"),
            stderr=stderr.decode(errors="replace"),
            truncated=done.truncated,
            seconds=done.seconds,
            peak_memory_mb=done.resident_kb / 1024 if done.resident_kb else None,
            report=await _parsed(report) if isinstance(check, PytestCheck) else None,
            backend=self._engine.name,
        )

    async def screened(self, index: int, check: Check, changes: Changes, limits: Limits) -> Screened:
        """Run one of many variants. Raises as `outcome`."""
        done, (_, _, report) = await self._job(check, changes, limits)
        self.usable = not done.dirty
        found = await _parsed(report) if isinstance(check, PytestCheck) else None
        return Screened(index=index, exit_code=_ending(done)[0], limit=done.limit, seconds=done.seconds, report=found)

    async def warm(self, check: Check, limits: Limits, coming: int) -> None:
        """Let pytest compile what it will import, once, so that later jobs need not; if that is worth it for what is coming.

        Raises `ContainerLost`.
        """
        if not isinstance(check, PytestCheck):
            return
        files = {name.partition("::")[0] for name in check.ids} or {"*"}
        if "*" in self._warmed or files <= self._warmed:
            return
        self._cold += 1
        if coming < _WORTH_WARMING and self._cold < _WORTH_WARMING:
            return
        longer = limits.model_copy(update={"seconds": max(limits.seconds, WARM_SECONDS)})
        done, _ = await self._job(check, {}, longer, warm=True)
        self._warmed |= files
        self.usable = not done.dirty

    async def _job(
        self, check: Check, changes: Changes, limits: Limits, *, trace: bool = False, evidence: bool = False, warm: bool = False
    ) -> tuple[Done, tuple[bytes, bytes, bytes]]:
        order: dict[str, Any] = {
            "op": "job",
            **check.model_dump(),
            "files": [(path, len(content)) for path, content in changes.items()],
            "seconds": limits.seconds,
            "test_seconds": limits.test_seconds,
            "memory": limits.memory_mb << 20,
            "disk": limits.disk_mb << 20,
            "processes": None if self._engine.counts_processes else limits.processes,
            "output": limits.output_kb << 10,
            "report": MAX_REPORT,
            "trace": trace,
            "nudge": limits.seconds * _NUDGE if trace else 0,
            "canary": evidence,
            "brief": not evidence,
            "warm": warm,
        }
        try:
            async with asyncio.timeout(limits.seconds + GRACE_SECONDS):
                await self._container.write(header(order, sum(map(len, changes.values()))) + b"".join(changes.values()))
                reply: Reply = await read_reply(self._container.read, MAX_REPORT + (limits.output_kb << 11))
        except TimeoutError:
            raise ContainerLost(
                f"the container did not answer within {limits.seconds:g} s and {GRACE_SECONDS:g} s of grace"
            ) from None
        match reply.answer:
            case Done():
                return reply.answer, reply.parts()
            case Refused(why=why):
                raise ValueError(why)
            case Broken(why=why):
                raise ContainerLost(why)
            case _:
                raise ContainerLost("the container gave an answer to another question")

    async def end(self) -> None:
        """End the container. Never raises."""
        await self._container.end()


def _ending(done: Done) -> tuple[int | None, int | None]:
    """(exit code, signal): no exit code where a limit or a signal ended the program."""
    signal = os.WTERMSIG(done.status) if os.WIFSIGNALED(done.status) else None
    code = os.WEXITSTATUS(done.status) if os.WIFEXITED(done.status) and done.limit is None else None
    return code, signal


async def _parsed(report: bytes) -> Any:
    if len(report) < 1 << 16:
        return parse_report(report)
    return await asyncio.to_thread(parse_report, report)
