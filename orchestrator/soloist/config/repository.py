"""What a repository's own `soloist.toml` and `[tool.soloist]` may say.

They come with a clone, so their author may be anybody. Such a file must not send your key or your code to an address of its
choice, run Python on the host, pick the sandbox, or spend more than you would. So it may set only:

    effort            how hard to try; your caps still hold
    check             a command, which runs in the sandbox only
    budget.*          only lower than it would be without the file
    sandbox.image     the name of an image that you have built

Everything else is refused there, with its line, and belongs into your own file, a variable or a flag. If the repository is
yours, name it in your own file, `trust = ["~/code/mine"]`; then its files may say everything. A file given by `--config` is
given by you and trusted as well.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from soloist.config.layers import Layer, checked, paths
from soloist.config.refusals import Where, dotted
from soloist.config.tomlfile import Part, line_of, parse, read_text, shown

NAME: Final = "soloist.toml"
HARMLESS: Final = frozenset({("effort",), ("check",), ("sandbox", "image")})


def repository_files(folder: Path) -> tuple[Path | None, Path | None]:
    """The nearest pyproject.toml and the nearest soloist.toml, from the folder up to the repository's root; no further."""
    around = [folder, *folder.parents]
    root = next((n for n, place in enumerate(around) if (place / ".git").exists()), 0)
    inside = around[: root + 1]
    return _nearest(inside, "pyproject.toml"), _nearest(inside, NAME)


def _nearest(folders: Sequence[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).exists()), None)


def from_file(file: Path) -> Layer | None:
    """The layer of a soloist.toml; None when there is no file. Raises `ValueError`, in one line."""
    text = read_text(file)
    return None if text is None else checked(parse(text, file), _lines(file, text, ()))


def from_pyproject(file: Path) -> Layer | None:
    """The layer of `[tool.soloist]`; None when there is none. Raises `ValueError`, in one line.

    A pyproject.toml that is broken elsewhere is no matter of ours: mending it may be the very task.
    """
    try:
        text = read_text(file)
        if text is None or "soloist" not in text:
            return None
        table = parse(text, file).get("tool", {}).get("soloist")
    except (ValueError, AttributeError):
        return None
    where = _lines(file, text, ("tool", "soloist"))
    if table is not None and not isinstance(table, dict):
        raise ValueError(f"{where(())}: tool.soloist should be a table")
    return None if table is None else checked(table, where)


def is_trusted(folder: Path, trust: Sequence[str], home: str) -> bool:
    """True when the folder is, or lies in, one that the user has named; links are followed on both sides."""
    real = Path(os.path.realpath(folder))
    named = [home + folder[1:] if folder.startswith("~/") else folder for folder in trust if home or not folder.startswith("~/")]
    return any(real.is_relative_to(os.path.realpath(one)) for one in named)


def vet(layer: Layer, below: Mapping[str, Any], own_file: Path) -> None:
    """Raise `ValueError`, in one line, for the first thing that a file from outside may not say."""
    for path in paths(layer.data):
        if path[0] == "budget" and len(path) == 2:
            _only_lower(layer, path, below.get("budget", {}).get(path[1]), own_file)
        elif path not in HARMLESS:
            raise ValueError(
                f"{layer.where(path)}: {dotted(path)} can't be set by a repository's own file, which may come from anybody: "
                f"{_instead(own_file)}"
            )


def _only_lower(layer: Layer, path: tuple[str, ...], now: float | None, own_file: Path) -> None:
    asked = layer.data[path[0]][path[1]]
    if now is not None and asked > now:
        raise ValueError(
            f"{layer.where(path)}: {dotted(path)} can only be lowered by a repository's own file (it is {now:g} now): "
            f"{_instead(own_file)}"
        )


def _instead(own_file: Path) -> str:
    return f"set it in {shown(own_file)}, a SOLOIST_ variable or a flag, or name this repository under `trust` there"


def _lines(file: Path, text: str, above: tuple[str, ...]) -> Where:
    def where(path: Sequence[Part]) -> str:
        line = line_of(text, (*above, *path))
        return shown(file) if line is None else f"{shown(file)}:{line}"

    return where
