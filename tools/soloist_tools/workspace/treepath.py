"""Names of files as text: any bytes that Linux allows, JSON included.

Inside the program a name is what `os.fsdecode` gives (undecodable bytes become lone surrogates). JSON can't hold
those, so a name that isn't UTF-8 is written as `//` and percent-escapes, which no relative name begins with.
"""

import os
from typing import Annotated
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

_NAME_BYTES = 255


def portable(name: str) -> str:
    """A name as it stands in JSON."""
    raw = os.fsencode(name)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "//" + quote_from_bytes(raw)
    return "//" + quote_from_bytes(raw) if name.startswith("//") else name


def native(name: object) -> str:
    """The name that `portable` wrote."""
    if not isinstance(name, str):
        raise ValueError(f"a name must be text, not {type(name).__name__}")
    return os.fsdecode(unquote_to_bytes(name[2:])) if name.startswith("//") else name


def shown(path: str) -> str:
    """A name for people: on one line, in characters that any terminal can show."""
    return path if path.isprintable() else repr(path)


def checked(path: str) -> str:
    """`path` itself, if it is the plain relative name of a file that may be written.

    Raises ValueError for absolute names, `..`, doubled or trailing slashes, NUL, too long names, and anything inside a `.git`.
    """
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{path!r} is not a plain path relative to the root, like 'src/m.py'")
    if any(len(os.fsencode(part)) > _NAME_BYTES for part in parts):
        raise ValueError(f"{path[:_NAME_BYTES]!r}... has a name that is too long for a file system")
    if any(part.lower() == ".git" for part in parts):
        raise ValueError(f"{path!r} lies inside a .git, which is never written")
    return path


_SCHEMA = WithJsonSchema({"type": "string"})

AnyName = Annotated[str, PlainValidator(native), PlainSerializer(portable, return_type=str), _SCHEMA]
"""A link's target or an absolute path."""

TreePath = Annotated[str, PlainValidator(lambda name: checked(native(name))), PlainSerializer(portable, return_type=str), _SCHEMA]
"""A path relative to a root, POSIX, safe to write to (see `checked`)."""
