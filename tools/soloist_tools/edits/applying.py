"""New contents from edits. Nothing is written, and nothing is guessed: a search matches exactly once or not at all."""

from collections.abc import Callable, Iterable

from soloist_tools.edits.closest import closest
from soloist_tools.edits.grammar import Edit
from soloist_tools.edits.lines import Lines, Place

_PLACES = 6
_REPORTED = 5


def apply_edits(edits: Iterable[Edit], read: Callable[[str], bytes | None]) -> dict[str, bytes]:
    """New content by path of the files that change, all edits of a file applied in order.

    `read` gives a file's content, None where there is no file, and is asked once for each path. Line ends, encoding and
    byte order mark of a file stay; new files get line feeds and UTF-8. Raises ValueError when any edit doesn't fit; the text
    tells of up to 5 of them, each with the lines to look at. What `read` raises passes through.
    """
    old: dict[str, bytes | None] = {}
    files: dict[str, Lines] = {}
    failures: list[str] = []
    for edit in edits:
        if edit.path not in old:
            old[edit.path] = content = read(edit.path)
            if content is not None:
                files[edit.path] = Lines.of(content)
        try:
            _edit(files, edit, explain=len(failures) < _REPORTED)
        except ValueError as error:
            failures.append(f"{edit}: {error}")
    if failures:
        raise ValueError(_told(failures))
    contents = {path: lines.content() for path, lines in files.items()}
    return {path: content for path, content in contents.items() if content != old[path]}


def _edit(files: dict[str, Lines], edit: Edit, *, explain: bool) -> None:
    file = files.get(edit.path)
    if edit.search is None:
        (file or files.setdefault(edit.path, Lines.of(b""))).rewrite(edit.replace)
    elif not edit.search:
        if file is not None:
            raise ValueError("the file exists already; an empty SEARCH part creates a new one. To rewrite it whole, use FILE:")
        files[edit.path] = Lines.of(b"")
        files[edit.path].rewrite(edit.replace)
    elif file is None:
        raise ValueError("there is no such file; check the path. To create it, leave the SEARCH part empty or use FILE:")
    else:
        file.put(_only_place(file, edit.search, edit.replace, explain=explain), edit.replace)


def _only_place(file: Lines, search: tuple[str, ...], replace: tuple[str, ...], *, explain: bool) -> Place:
    """Where the searched lines stand. Raises ValueError unless there is exactly one."""
    places = file.places(search, _PLACES)
    if len(places) == 1:
        return places[0]
    if places:
        numbers = ", ".join(str(place.first + 1) for place in places[: _PLACES - 1]) + (", ..." if len(places) == _PLACES else "")
        raise ValueError(f"the SEARCH lines occur more than once, on lines {numbers}; add neighbouring lines to SEARCH")
    if not explain:
        raise ValueError("the SEARCH lines are not in the file")
    there = " (the REPLACE lines are: was it applied before?)" if replace and file.places(replace, 1) else ""
    raise ValueError(
        f"the SEARCH lines are not in the file{there}; copy them exactly as they are. {closest(file.lines, search)}".rstrip()
    )


def _told(failures: list[str]) -> str:
    more = len(failures) - _REPORTED
    shown = failures[:_REPORTED] + ([f"{more} more blocks don't fit"] if more > 0 else [])
    return "\n".join(["no edit was applied:", *shown])
