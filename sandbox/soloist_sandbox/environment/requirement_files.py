"""requirements*.txt with the files that they include. Options that would change where packages come from are not honoured."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from soloist_sandbox.environment.declared import DEV_NAMES, TEST_NAMES, Declared, from_index

_FOLDERS: Final = ("", "requirements", "requirement", "tests", "test")
_INCLUDED: Final = re.compile(r"(-r|--requirement|-c|--constraint)[ =]*(\S.*)")
_OWN: Final = re.compile(r"(?:-e|--editable)?\s*\.{1,2}/?(?:\[([^\]]*)\])?")
_HASH: Final = re.compile(r"\s--hash[= ]\S+")


def plain_file(root: Path) -> Path | None:
    """The file that names what the package itself needs."""
    return next((f for f in (root / "requirements.txt", root / "requirements/base.txt") if f.is_file()), None)


def named_files(root: Path, kinds: Sequence[str]) -> list[Path]:
    """Files whose names have one of these words, as requirements-test.txt, test-requirements.txt or requirements/tests.txt."""
    words = "|".join(kinds)
    pattern = re.compile(rf"(?:requirements?[-_.])?(?:{words})(?:[-_.]requirements?)?\.(?:txt|in)")
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        for file in sorted((root / folder).glob("*.[it][nx]*")):
            named = bool(pattern.fullmatch(file.name)) and ("requirement" in file.name or folder.startswith("requirement"))
            here = folder in ("tests", "test") and file.name in ("requirements.txt", "requirements.in")
            if file.is_file() and (named or (here and kinds is TEST_NAMES)):
                found.setdefault(str(file.with_suffix("")), file)  # .in is left where .txt was made of it
            if file.suffix == ".txt" and str(file.with_suffix("")) in found:
                found[str(file.with_suffix(""))] = file
    return list(found.values())


def for_tests(root: Path) -> list[Path]:
    """Files called after tests."""
    return named_files(root, TEST_NAMES)


def for_development(root: Path) -> list[Path]:
    """Files called after development."""
    return named_files(root, DEV_NAMES)


def read(file: Path, root: Path) -> tuple[Declared, list[str]]:
    """What a file and the files that it includes say; and the repository's own extras that it asks for.

    Raises `ValueError` for a file that can't be read.
    """
    found = Declared(sources=(str(file.relative_to(root)),))
    extras: list[str] = []
    for where, line, binding in _lines(file, root, []):
        name = str(where.relative_to(root))
        found += Declared(files=(where,))
        if not line:
            continue
        if own := _OWN.fullmatch(line):
            extras += [e.strip() for e in (own[1] or "").split(",") if e.strip()]
        elif line.startswith("-"):
            if not line.startswith(("--no-binary", "--only-binary", "--prefer-binary", "--pre", "--require-hashes")):
                found += Declared(left_out=(f"{line} ({name}): where packages come from is not for a repository to say",))
        else:
            one = from_index([line], name)
            found += Declared(constraints=one.requirements) if not binding else one
    return found, extras


def _lines(file: Path, root: Path, above: Sequence[Path]) -> Iterator[tuple[Path, str, bool]]:
    """Each line with its file, and whether it is a requirement rather than a constraint."""
    real = file.resolve()
    if real in above:
        return
    if not real.is_relative_to(root.resolve()):
        raise ValueError(f"{above[-1] if above else file} includes {file}, which is not in the repository")
    if not real.is_file():
        raise ValueError(f"{above[-1] if above else file} includes {file}, which is no file")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{file} can't be read: {error}") from error
    yield file, "", True
    for raw in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = _HASH.sub("", re.sub(r"(^|\s)#.*", "", raw)).strip()
        if included := _INCLUDED.fullmatch(line):
            binding = included[1] in ("-r", "--requirement")
            for where, inner, inner_binding in _lines(file.parent / included[2].strip(), root, [*above, real]):
                yield where, inner, inner_binding and binding
        elif line:
            yield file, line, True
