"""A file as lines, so that edited lines take its line ends and its encoding and every other byte stays."""

import codecs
import re
from dataclasses import dataclass
from typing import NamedTuple, Self

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|$)")
_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]{1,40})", re.ASCII)
_DECLARED = re.compile(
    r"(latin|l1$|iso|cp\d|windows|koi8|mac|ascii|us-ascii|big5|gb|euc|shift|sjis|utf-?8$|utf_8$)", re.IGNORECASE
)
"""Plain text encodings. Python has others, some of them slow enough to be a trap."""


def split(text: str) -> tuple[list[str], list[str]]:
    """The lines, and their ends; the end of the last line may be empty. A form feed and its kin end no line."""
    pairs = [pair for pair in _LINE.findall(text) if pair != ("", "")]
    return [line for line, _ in pairs], [end for _, end in pairs]


class Place(NamedTuple):
    """Some consecutive lines of a file."""

    first: int
    """Number of the first one, from 0."""
    lines: int
    """How many."""
    start: int
    """Where they begin in `Lines.joined`, with the line feed before them."""
    stop: int
    """Where they end there, behind their last line feed."""


@dataclass(slots=True)
class Lines:
    """The text of one file while it is edited."""

    lines: list[str]
    ends: list[str]
    encoding: str
    mark: bytes
    joined: str
    """A line feed, then all lines, each with a line feed behind it: what is searched."""

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Any bytes: what isn't text in the file's encoding is carried along as lone surrogates."""
        mark, encoding = next(((mark, name) for mark, name in _BOMS if content.startswith(mark)), (b"", ""))
        body = content[len(mark) :]
        encoding = encoding or _declared(body) or "utf-8"
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            mark = mark if encoding == "utf-8" else b""
            text = content[len(mark) :].decode("utf-8", "surrogateescape")
            encoding = "utf-8" if any(sign > "\x7f" and not "\ud800" <= sign <= "\udfff" for sign in text) else "ascii"
        lines, ends = split(text)
        return cls(lines, ends, encoding, mark, _joined(lines))

    def content(self) -> bytes:
        """The file."""
        text = "".join(line + end for line, end in zip(self.lines, self.ends, strict=True))
        return self.mark + text.encode(self.encoding, "surrogateescape" if self.encoding in ("utf-8", "ascii") else "strict")

    def places(self, wanted: tuple[str, ...], most: int) -> list["Place"]:
        """Where the lines `wanted` stand, at most `most` of the places."""
        key = _joined(wanted)
        found: list[Place] = []
        at, line, offset = self.joined.find(key), 0, 0
        while at >= 0 and len(found) < most:
            line, offset = line + self.joined.count("\n", offset, at), at
            found.append(Place(line, len(wanted), at, at + len(key)))
            at = self.joined.find(key, at + 1)
        return found

    def put(self, place: "Place", new: tuple[str, ...]) -> None:
        """Replace the lines of a place. Raises ValueError for characters that the file's encoding lacks."""
        check_characters(new, self.encoding)
        first, end = place.first, place.first + place.lines
        self.ends[first:end] = [*[self._end(first)] * (len(new) - 1), self.ends[end - 1]] if new else []
        self.lines[first:end] = new
        self.joined = self.joined[: place.start] + _joined(new) + self.joined[place.stop :]

    def rewrite(self, new: tuple[str, ...]) -> None:
        """Replace everything, keeping encoding and kind of line end. Raises as `put`."""
        check_characters(new, self.encoding)
        end = self._end(0)
        self.lines, self.ends, self.joined = list(new), [end] * len(new), _joined(new)

    def _end(self, near: int) -> str:
        return (self.ends[near] or self.ends[0] or "\n") if self.ends else "\n"


def check_characters(lines: tuple[str, ...], encoding: str) -> None:
    """Raises ValueError where the encoding lacks a character of the lines."""
    try:
        "\n".join(lines).encode(encoding)
    except UnicodeEncodeError as error:
        bad = error.object[error.start]
        raise ValueError(f"the file's encoding, {encoding}, has no character {bad!a}; write the text without it") from None


def _joined(lines: list[str] | tuple[str, ...]) -> str:
    return "\n" + "".join(f"{line}\n" for line in lines)


def _declared(body: bytes) -> str:
    """The encoding that a Python file names in its first two lines, if it holds for all of them; else nothing."""
    for line in re.split(rb"\r\n|\r|\n", body[:1000], maxsplit=2)[:2]:
        found = _COOKIE.match(line)
        if found and _DECLARED.match(name := found[1].decode("ascii")):
            try:
                same = body.decode(name).encode(name) == body
            except (LookupError, ValueError):
                return ""
            return codecs.lookup(name).name if same else ""
    return ""
