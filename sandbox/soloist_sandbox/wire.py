"""The host's side of the broker's protocol: orders out, bounded and validated answers in.

An answer is written by the broker alone, so a malformed one means that the sandbox broke (`ContainerLost`). What a job wrote
(output, report, files) travels in the body as bytes and is not looked at here.
"""

import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from soloist_sandbox.image.frames import ANSWER, DONE, FAILED, LIMITS, MAGIC, READY, REFUSED, RESULT_SIZE, Result, parse_result

MAX_REPORT: Final = 32 << 20
"""Bytes that the broker keeps of a report, and of the files that a job has changed."""
_MAX_WORDS: Final = 1 << 16

ReadExactly = Callable[[int], Awaitable[bytes]]


class ContainerLost(RuntimeError):
    """The container went away, went silent, or talks nonsense. Worth one retry in a new one."""


class SetupError(ContainerLost):
    """A job could not be started. Worth one retry in a new container, too."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A job has ended, and nothing of it runs any more."""

    result: Result
    stdout: bytes
    stderr: bytes
    report: bytes
    files: bytes


async def read_ready(read: ReadExactly) -> str:
    """The broker's first words: what does not work there, "" when every job gets namespaces of its own."""
    kind, body = await _read_answer(read, _MAX_WORDS)
    if kind != READY:
        raise ContainerLost("the container did not say that it is ready")
    return body.decode(errors="replace")


async def read_opened(read: ReadExactly) -> None:
    """The workspace is laid out. Raises `ContainerLost`, `SetupError`."""
    kind, body = await _read_answer(read, _MAX_WORDS)
    if kind != DONE:
        raise SetupError(f"the workspace was not laid out: {body.decode(errors='replace')}")


async def read_finished(read: ReadExactly, most: int) -> Finished:
    """A job's result, with at most `most` bytes behind it.

    Raises `ContainerLost` and `SetupError`, and `ValueError` for a job that asks for what can't be done.
    """
    kind, body = await _read_answer(read, RESULT_SIZE + most)
    if kind == REFUSED:
        raise ValueError(body.decode(errors="replace"))
    if kind == FAILED:
        raise SetupError(body.decode(errors="replace"))
    if kind != DONE or len(body) < RESULT_SIZE:
        raise ContainerLost("the container gave an answer to another question")
    try:
        result = parse_result(body[:RESULT_SIZE])
    except struct.error as error:
        raise ContainerLost("the container's answer can't be understood") from error
    return _split(result, memoryview(body)[RESULT_SIZE:])


def _split(result: Result, rest: memoryview) -> Finished:
    sizes = (result.stdout, result.stderr, result.report, result.files)
    if sum(sizes) != len(rest) or not 0 <= result.limit < len(LIMITS):
        raise ContainerLost("the container's answer contradicts itself")
    parts = []
    for size in sizes:
        parts.append(bytes(rest[:size]))
        rest = rest[size:]
    return Finished(result, *parts)


async def _read_answer(read: ReadExactly, most: int) -> tuple[int, bytes]:
    magic, kind, length = ANSWER.unpack(await read(ANSWER.size))
    if magic != MAGIC:
        raise ContainerLost("the image holds a broker of another version: run `soloist sandbox build`")
    if length > most:
        raise ContainerLost("the container sent something that is no answer")
    return kind, await read(length)
