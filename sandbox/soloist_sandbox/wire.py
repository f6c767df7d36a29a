"""The host's side of the runner's protocol: frames out, bounded and validated answers in.

An answer is written by the runner alone, so a malformed one means that the sandbox broke (`ContainerLost`). What a job wrote
(output, report) travels in the body as bytes and is not looked at here.
"""

import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from soloist_sandbox.contract import LimitName, Value

PROTOCOL: Final = 1
HEADER: Final = struct.Struct(">4sIQ")
"""Magic, bytes of metadata, bytes of body. The same layout stands in `image/frames.py`."""
MAGIC: Final = b"SLO1"
MAX_META: Final = 1 << 16
MAX_REPORT: Final = 32 << 20
"""Bytes that the runner keeps of a report."""

ReadExactly = Callable[[int], Awaitable[bytes]]


class ContainerLost(RuntimeError):
    """The container went away, went silent, or talks nonsense. Worth one retry in a new one."""


class Ready(Value):
    """The runner's first words."""

    op: Literal["ready"]
    protocol: int
    python: tuple[int, int, int]


class Opened(Value):
    """The workspace is unpacked."""

    op: Literal["opened"]


class Refused(Value):
    """A change that can't be laid over the workspace."""

    op: Literal["refused"]
    why: str


class Broken(Value):
    """The runner could not do its part."""

    op: Literal["broken"]
    why: str


class Done(Value):
    """A job has ended, and nothing of it runs any more."""

    op: Literal["done"]
    status: int
    """As from `wait`."""
    limit: LimitName | None
    seconds: float = Field(ge=0, allow_inf_nan=False)
    resident_kb: int = Field(ge=0)
    truncated: bool
    dirty: bool
    """The container can't be used again."""
    sizes: tuple[int, int, int]


Answer = Annotated[Ready | Opened | Refused | Broken | Done, Field(discriminator="op")]
_ANSWER: Final[TypeAdapter[Answer]] = TypeAdapter(Answer)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with what it carries."""

    answer: Answer
    body: bytes

    def parts(self) -> tuple[bytes, bytes, bytes]:
        """stdout, stderr and report of a job."""
        assert isinstance(self.answer, Done)  # noqa: S101
        out, err, _ = self.answer.sizes
        return self.body[:out], self.body[out : out + err], self.body[out + err :]


def header(meta: dict[str, Any], body_length: int) -> bytes:
    """The start of a frame; its body follows."""
    text = json.dumps(meta).encode()
    return HEADER.pack(MAGIC, len(text), body_length) + text


async def read_reply(read: ReadExactly, max_body: int = 0) -> Reply:
    """The next answer, with at most `max_body` bytes behind it. Raises `ContainerLost` for anything that is none."""
    try:
        magic, meta, body = HEADER.unpack(await read(HEADER.size))
        if magic != MAGIC or meta > MAX_META or body > max_body:
            raise ContainerLost("the container sent something that is no answer")
        answer = _ANSWER.validate_python(json.loads(await read(meta)))
        content = await read(body)
    except (ValidationError, ValueError, RecursionError) as error:
        raise ContainerLost(f"the container's answer can't be understood: {type(error).__name__}") from error
    if isinstance(answer, Done) and (min(answer.sizes) < 0 or sum(answer.sizes) != body):
        raise ContainerLost("the container's answer contradicts itself")
    return Reply(answer, content)
