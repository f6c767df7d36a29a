"""Answers orders, one at a time, until the client closes its end. Everything that must be understood is left to forks."""

import contextlib
import gc
import os
import select
from collections.abc import Callable
from typing import Final

from . import job, memory, pytest_job, seccomp, supervise, workspace
from .frames import (
    DONE,
    FAILED,
    JOB,
    OPEN,
    ORDER_SIZE,
    PYTEST,
    READY,
    REFUSED,
    WARM,
    ClientGone,
    Order,
    parse_order,
    read_exactly,
    skip,
    write_answer,
)
from .isolation import Isolation
from .practice import practise

IDLE_SECONDS: Final = 3600.0
"""A client that says nothing for so long is taken for gone."""
_FILTERS: Final = "/opt/soloist/filters"


class Broker:
    """One client, one workspace, one job at a time, and one child forked ahead for the next."""

    def __init__(
        self, requests: int, answers: int, isolation: Isolation | None, out_of_memory: memory.OutOfMemory, reason: str
    ) -> None:
        self._requests = requests
        self._answers = answers
        self._reason = reason
        self._out_of_memory = out_of_memory
        self._setting = job.Setting(isolation, seccomp.load(_FILTERS))
        self._spare: supervise.Child | None = None
        self._open()
        practise()
        _freeze()

    def rehearse(self) -> None:
        """See whether a job can be isolated here. Raises `supervise.SetupFailed`."""
        self._spare = self._take()

    def serve(self) -> None:
        """Raises `ClientGone` in the end."""
        self._answer(READY, self._reason.encode())
        while True:
            self._wait()
            order = parse_order(read_exactly(self._requests, ORDER_SIZE))
            if order.op == JOB:
                self._job(order)
            elif order.op == OPEN:
                self._unpack(order)
            else:
                self._answer(READY, self._reason.encode())

    def _wait(self) -> None:
        poller = select.poll()
        poller.register(self._requests, select.POLLIN)
        if not poller.poll(IDLE_SECONDS * 1000):
            raise ClientGone

    def _answer(self, kind: int, *parts: "bytes | memoryview") -> None:
        write_answer(self._answers, kind, *parts)

    def _unpack(self, order: Order) -> None:
        """Lay the workspace out, in a fork: its names and contents are foreign."""
        self._drop_spare()
        failure = _in_fork(lambda: workspace.unpack(workspace.Payload(self._requests, order.length))) if order.length else b""
        if self._setting.isolation is not None:
            self._setting.isolation.disk = order.disk
            self._setting.isolation.tree = order.length > 0
        self._open()
        if failure:
            self._answer(FAILED, failure)
            raise ClientGone  # the archive is half read
        self._answer(DONE)

    def _open(self) -> None:
        os.environ.clear()
        os.environ.update(job.environment())

    def _job(self, order: Order) -> None:
        if order.kind == PYTEST and pytest_job.preload():
            self._drop_spare()
            self._setting.shadowed = bool(_in_fork(_told_shadowed))
            _freeze()
        try:
            child = self._take()
        except supervise.SetupFailed as failed:
            skip(self._requests, order.length)
            self._answer(FAILED, str(failed).encode())
            return
        try:
            ended = supervise.run(child, order, self._requests, self._out_of_memory)
        except supervise.Refused as refused:
            self._answer(REFUSED, str(refused).encode())
        except (supervise.SetupFailed, OSError) as failed:
            self._answer(FAILED, str(failed).encode())
        else:
            self._answer(DONE, *ended.parts())
            ended.forget()
        if self._setting.isolation is not None and not order.flags & WARM:  # whose byte code the next one is to see
            self._fork_ahead()

    def _take(self) -> supervise.Child:
        """The child that was forked ahead, or else a new one. Raises `supervise.SetupFailed`."""
        child, self._spare = self._spare, None
        if child is not None and child.failure(supervise.SETUP_SECONDS, self._requests):
            child.discard()
            child = None
        child = child or self._child()
        if failure := child.failure(supervise.SETUP_SECONDS, self._requests):
            child.discard()
            raise supervise.SetupFailed(failure)
        return child

    def _child(self) -> supervise.Child:
        return supervise.Child(self._setting, self._requests)

    def _fork_ahead(self) -> None:
        """A child for the next job, which gets ready while the client thinks."""
        with contextlib.suppress(OSError):  # then the next job forks its own, and says what is wrong
            self._spare = self._child()

    def _drop_spare(self) -> None:
        if self._spare is not None:
            self._spare.discard()
            self._spare = None


def _freeze() -> None:
    """What is there now is no garbage: collecting in a fork then copies none of its pages. The broker itself makes none."""
    gc.collect()
    gc.freeze()
    gc.disable()


def _told_shadowed() -> None:
    if pytest_job.shadowed():
        raise OSError("yes")


def _in_fork(work: Callable[[], None]) -> bytes:
    """Do something in a fork that ends with it. What went wrong, in words; empty when nothing did."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException as error:
            os.write(writing, (str(error) or type(error).__name__).encode(errors="replace")[:1000])
        finally:
            os._exit(code)
    os.close(writing)
    try:
        said = os.read(reading, 1000)
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(reading)
    return said or (b"" if status == 0 else b"a fork of the broker has died")
