"""The files that a job has changed, out of the stream that the broker's fork sends. Their names and contents are foreign."""

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from soloist_sandbox.contract import ChangedFile, SandboxUnavailable
from soloist_sandbox.paths import misplaced


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: str = Field(max_length=5000)
    size: StrictInt | None = Field(ge=0)
    executable: StrictBool = False


def changed_files(stream: bytes) -> tuple[ChangedFile, ...]:
    """In the order of their paths; files whose path has control characters or a second spelling are left out.

    Raises `SandboxUnavailable` when the job has made more than can be brought back.
    """
    found = []
    position = 0
    while position < len(stream):
        end = stream.find(b"\n", position)
        line = stream[position : end if end >= 0 else len(stream)]
        position += len(line) + 1
        if not line:  # what went wrong stands behind an empty line
            raise SandboxUnavailable(f"the changed files can't be brought back: {stream[position:].decode(errors='replace')}")
        try:
            told = _Line.model_validate_json(line)
        except ValidationError:
            raise SandboxUnavailable("the changed files can't be brought back: they are too large together") from None
        content = None if told.size is None else stream[position : position + told.size]
        position += told.size or 0
        if content is not None and len(content) != told.size:
            raise SandboxUnavailable("the changed files can't be brought back: they are too large together")
        if misplaced(told.path) is None:
            found.append(ChangedFile(path=told.path, content=content, executable=told.executable))
    return tuple(found)
