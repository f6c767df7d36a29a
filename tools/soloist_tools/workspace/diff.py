"""A unified diff of bytes that `git apply` accepts, whatever the encoding, line ends and file names."""

import difflib
import os
import re
from collections.abc import Iterator

CONTEXT = 3
"""Unchanged lines shown around a change, as git does."""

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_NAMED = {0x07: b"a", 0x08: b"b", 0x09: b"t", 0x0A: b"n", 0x0B: b"v", 0x0C: b"f", 0x0D: b"r", 0x22: b'"', 0x5C: b"\\"}


def unified(path: str, before: bytes | None, after: bytes | None) -> bytes:
    """The diff of one file, None where there is no file; empty when nothing changed."""
    if before == after:
        return b""
    old, new = quoted(f"a/{path}"), quoted(f"b/{path}")
    header = b"diff --git %s %s\n" % (old, new)
    if before is None:
        header += b"new file mode 100644\n"
    if after is None:
        header += b"deleted file mode 100644\n"
    if not before and not after:  # an empty file comes or goes: git leaves the names of both sides out
        return header
    header += b"--- %s\n+++ %s\n" % (_side(old, before), _side(new, after))
    return header + b"".join(_hunks(_LINE.findall(before or b""), _LINE.findall(after or b"")))


def counted(before: bytes, after: bytes) -> tuple[int, int]:
    """How many lines were added and how many removed."""
    added = removed = 0
    for tag, i1, i2, j1, j2 in _opcodes(_LINE.findall(before), _LINE.findall(after)):
        if tag != "equal":
            removed, added = removed + i2 - i1, added + j2 - j1
    return added, removed


def quoted(name: str) -> bytes:
    """A file name as git writes it in a diff: in double quotes with octal escapes where it isn't plain ASCII."""
    raw = os.fsencode(name)
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in raw):
        return raw
    return b'"%s"' % b"".join(_escaped(byte) for byte in raw)


def _side(name: bytes, content: bytes | None) -> bytes:
    if content is None:
        return b"/dev/null"
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name  # the tab says that the name ends only here


def _escaped(byte: int) -> bytes:
    if byte in _NAMED:
        return b"\\" + _NAMED[byte]
    return bytes((byte,)) if 0x20 <= byte < 0x7F else b"\\%03o" % byte


_Opcode = tuple[str, int, int, int, int]


def _opcodes(old: list[bytes], new: list[bytes]) -> list[_Opcode]:
    """As difflib gives them; equal heads and tails are not left to it, for speed."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    old_end, new_end = len(old) - tail, len(new) - tail
    inner = difflib.SequenceMatcher(None, old[head:old_end], new[head:new_end]).get_opcodes()
    return [
        ("equal", 0, head, 0, head),
        *((tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in inner),
        ("equal", old_end, len(old), new_end, len(new)),
    ]


def _groups(old: list[bytes], new: list[bytes]) -> Iterator[list[_Opcode]]:
    """The opcodes of each hunk, its context included."""
    *opcodes, last = _opcodes(old, new)
    group: list[_Opcode] = []
    for code in opcodes:
        tag, i1, i2, j1, j2 = code
        if tag != "equal" or (len(group) > 1 and i2 - i1 <= 2 * CONTEXT):
            group.append(code)
            continue
        if len(group) > 1:  # far enough from the next change: the hunk ends here
            yield [*group, (tag, i1, i1 + CONTEXT, j1, j1 + CONTEXT)]
        group = [(tag, max(i1, i2 - CONTEXT), i2, max(j1, j2 - CONTEXT), j2)]
    tag, i1, i2, j1, j2 = last
    yield [*group, (tag, i1, min(i2, i1 + CONTEXT), j1, min(j2, j1 + CONTEXT))]


def _hunks(old: list[bytes], new: list[bytes]) -> Iterator[bytes]:
    for group in _groups(old, new):
        first, last = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_range(first[1], last[2]), _range(first[3], last[4]))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_shown(b" ", line) for line in old[i1:i2])
                continue
            yield from (_shown(b"-", line) for line in old[i1:i2])
            yield from (_shown(b"+", line) for line in new[j1:j2])


def _range(start: int, stop: int) -> bytes:
    count = stop - start
    if count == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start + 1 if count else start, count)  # an empty range names the line before it


def _shown(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"
