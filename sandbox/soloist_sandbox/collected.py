"""The files that a job has changed, out of the stream that the broker's fork sends. Their names and contents are foreign."""

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from soloist_sandbox.contract import ChangedFile, Changes, SandboxUnavailable
from soloist_sandbox.paths import misplaced


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: str = Field(max_length=5000)
    size: StrictInt | None = Field(ge=0)
    executable: StrictBool = False


def changed_files(stream: bytes, laid: Changes) -> tuple[ChangedFile, ...]:
    """In the order of their paths, without files that are as they were laid for the job.

    Files whose path has control characters or a second spelling are left out.

    Raises `SandboxUnavailable` for what the broker's fork can't have sent.
    """
    found = []
    position = 0
    while position < len(stream):
        end = stream.find(b"\n", position)
        line = stream[position : end if end >= 0 else len(stream)]
        position += len(line) + 1
        try:
            told = _Line.model_validate_json(line)
        except ValidationError:
            raise SandboxUnavailable("the container's list of changed files can't be understood") from None
        content = None if told.size is None else stream[position : position + told.size]
        position += told.size or 0
        if content is not None and len(content) != told.size:
            raise SandboxUnavailable("the container's list of changed files can't be understood")
        if misplaced(told.path) is None and (content is None or laid.get(told.path) != content):
            found.append(ChangedFile(path=told.path, content=content, executable=told.executable))
    return tuple(found)
