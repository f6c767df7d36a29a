"""From a model's answer to edits. Strict: an answer that could mean two things is refused, with what to do about it."""

import re
from dataclasses import dataclass, field
from typing import NoReturn

from soloist_tools.edits.grammar import Edit
from soloist_tools.edits.lines import split
from soloist_tools.workspace.treepath import checked

MAX_BLOCKS = 200
_SEARCH = re.compile(r"<{5,9} ?SEARCH>?[ \t]*\Z")
_REPLACE = re.compile(r">{5,9} ?REPLACE<?[ \t]*\Z")
_DIVIDER = re.compile(r"={7}[ \t]*\Z")
_FENCE = re.compile(r"(`{3,})[^`]*\Z")
_FILE = re.compile(r"[*#` ]*FILE:(.*)", re.DOTALL)
_SHOWN = 80


def parse_edits(text: str) -> tuple[Edit, ...]:
    """The edit blocks of an answer, in order; see `GRAMMAR`. Ends of lines and fences around blocks don't matter.

    Raises ValueError naming the block, its line in the answer and what to write instead, also when there is no block.
    """
    answer = _Answer(split(text)[0])
    while answer.at < len(answer.lines):
        answer.step()
    if not answer.edits:
        raise ValueError("the answer has no edit block; write each change as SEARCH/REPLACE or as FILE: with a fenced block")
    return tuple(answer.edits)


@dataclass(slots=True)
class _Answer:
    """An answer, read line by line once."""

    lines: list[str]
    at: int = 0
    edits: list[Edit] = field(default_factory=list)
    above: tuple[str, int] | None = None
    """The last line that may hold the path of the next block, and its number from 0."""
    fence: int | None = None
    """Number, from 0, of a fence line outside of blocks which no block has explained yet."""
    after_file: Edit | None = None
    """The whole-file block that was read last."""

    def step(self) -> None:
        line = self.lines[self.at]
        if _SEARCH.match(line):
            self._search_block()
        elif self._opens_file(line):
            self._file_block(line)
        elif _REPLACE.match(line):
            raise ValueError(f"line {self.at + 1} of the answer: >>>>>>> REPLACE without a <<<<<<< SEARCH line before it")
        else:
            self._outside(line)
            self.at += 1

    def _outside(self, line: str) -> None:
        if _FENCE.match(line):
            self._stray_fence()
        elif line.strip():
            self.above = (line, self.at)

    def _stray_fence(self) -> None:
        """A fence after a whole-file block may mean that the block ended too early; only one around SEARCH blocks can't."""
        if self.after_file is None:
            return
        following = next((line for line in self.lines[self.at + 1 : self.at + 5] if line.strip() and not _path(line)), "")
        if not _SEARCH.match(following):
            raise ValueError(
                f"{self.after_file}: line {self.at + 1} of the answer is another ```, so where the file ends is not clear; put "
                " the whole file between lines of four backticks (````), and write no other fenced text behind it"
            )

    def _opens_file(self, line: str) -> bool:
        if not _FILE.match(line):
            return False
        following = self._next_line(self.at + 1)[0]
        if _SEARCH.match(following):
            return False  # only the path line of that block
        return bool(_path(line) or _FENCE.match(following))

    def _next_line(self, number: int) -> tuple[str, int]:
        while number < len(self.lines) and not self.lines[number].strip():
            number += 1
        return (self.lines[number], number) if number < len(self.lines) else ("", number)

    def _search_block(self) -> None:
        begin = self.at
        path = self._path_above()
        name = f"block {len(self.edits) + 1} ({path}, line {begin + 1} of the answer)"
        search = self._part(name, _DIVIDER, "=======", "the lines to search for")
        replace = self._part(name, _REPLACE, ">>>>>>> REPLACE", "the new lines")
        if not any(line.strip() for line in search):
            search = ()
        self._add(begin, path, search, replace)
        self.after_file = None
        self.at += 1
        if self.at < len(self.lines) and _FENCE.match(self.lines[self.at]):
            self.at += 1  # the end of a fence around the block

    def _part(self, name: str, end: re.Pattern[str], marker: str, what: str) -> tuple[str, ...]:
        """The lines behind this one up to `end`."""
        first = self.at + 1
        for number in range(first, len(self.lines)):
            line = self.lines[number]
            if end.match(line):
                self.at = number
                return tuple(self.lines[first:number])
            if _SEARCH.match(line) or _REPLACE.match(line):
                raise ValueError(f"{name}: line {number + 1} is {line.strip()!r}, but {what} must end with a line {marker} first")
            if _DIVIDER.match(line):
                raise ValueError(
                    f"{name}: a second ======= on line {number + 1}; write a file that has such lines whole, with FILE:"
                )
        raise ValueError(f"{name}: the answer ends without a line {marker}; write the whole block again")

    def _file_block(self, line: str) -> None:
        begin = self.at
        if not _path(line):
            raise ValueError(
                f"block {len(self.edits) + 1} (line {begin + 1} of the answer): {line.strip()[:_SHOWN]!r} names no file; "
                "write FILE: and a path with /, in backticks where it has spaces"
            )
        path = self._checked(_path(line), begin)
        name = f"block {len(self.edits) + 1} (FILE: {path}, line {begin + 1} of the answer)"
        opening, number = self._next_line(begin + 1)
        fence = _FENCE.match(opening)
        if not fence:
            raise ValueError(
                f"{name}: the line after FILE: must be a fence, ```, and the file's lines follow it up to another ```"
            )
        end = self._closing(name, number, len(fence[1]))
        self._add(begin, path, None, tuple(self.lines[number + 1 : end]))
        self.after_file = self.edits[-1]
        self.at = end + 1

    def _closing(self, name: str, opening: int, size: int) -> int:
        for number in range(opening + 1, len(self.lines)):
            found = _FENCE.match(self.lines[number])
            if not found or len(found[1]) < size:
                continue
            if self.lines[number].rstrip() == found[1]:
                return number
            raise ValueError(
                f"{name}: the file's line {number - opening} begins with {found[1]}; "
                f"put the file between lines of {len(found[1]) + 1} backticks"
            )
        raise ValueError(f"{name}: the answer ends before the closing {'`' * size}; write the whole block again")

    def _path_above(self) -> str:
        if self.above is None:
            if self.edits and self.edits[-1].search is not None:
                return self.edits[-1].path  # right behind another block of the same file
            self._no_path("nothing")
        line, number = self.above
        found = _path(line)
        if not found:
            self._no_path(repr(line.strip()[:_SHOWN]))
        return self._checked(found, number)

    def _no_path(self, instead: str) -> NoReturn:
        raise ValueError(
            f"block {len(self.edits) + 1} (line {self.at + 1} of the answer): above <<<<<<< SEARCH stands {instead}; "
            "put the file's path there, alone on its line"
        )

    def _checked(self, path: str, number: int) -> str:
        try:
            return checked(path)
        except ValueError as error:
            raise ValueError(f"block {len(self.edits) + 1} (line {number + 1} of the answer): {error}") from None

    def _add(self, begin: int, path: str, search: tuple[str, ...] | None, replace: tuple[str, ...]) -> None:
        if len(self.edits) >= MAX_BLOCKS:
            raise ValueError(f"the answer has more than {MAX_BLOCKS} blocks; rewrite such files whole, with FILE:")
        self.edits.append(Edit(len(self.edits) + 1, begin + 1, path, search, replace))
        self.above = None


def _path(line: str) -> str:
    """The path that a line holds and nothing else, or nothing. A bare path has no spaces; one with spaces stands in backticks."""
    text = line.strip()
    if len(text) > 4096:  # longer than any path
        return ""
    if found := _FILE.match(text):
        text = found[1]
    text = text.lstrip("#").strip().strip("*").strip()
    quoted = len(text) > 2 and text[0] == text[-1] == "`"
    text = text.strip("`")
    if text.endswith(":") and re.search(r"[./]", text):
        text = text[:-1].rstrip("`*")
    text = text.removeprefix("./")
    return text if text and (quoted or not re.search(r"\s", text)) and "\\" not in text else ""
