"""All sources of settings, in rising order, become one value that knows where each part came from."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from soloist.config.connecting import key_names
from soloist.config.effort import DIAL
from soloist.config.environment import CONFIG, KEYS, Flag, from_environment, from_flags
from soloist.config.keys import Keys
from soloist.config.layers import Layer, Merged, constantly
from soloist.config.refusals import Where, validate
from soloist.config.repository import NAME, from_file, from_pyproject, is_trusted, repository_files, vet
from soloist.config.secrets import Scrubber
from soloist.config.settings import Settings
from soloist.config.tomlfile import shown
from soloist.task import Budget


@dataclass(frozen=True)
class Loaded:
    """Settings, where they came from, and the keys that go with them."""

    settings: Settings
    keys: Keys
    sources: Mapping[tuple[str, ...], Where] = field(repr=False)
    """What to ask where a value stands, by the key's path; a default has none."""

    def origin(self, *path: str) -> str:
        """Where a key's value stands: a file with its line, a variable, a flag, "effort normal" or "default".

        A table that is one value, as `prices`, may have several origins.
        """
        found = dict.fromkeys(where(at) for at, where in self.sources.items() if at[: len(path)] == path)
        return ", ".join(found) or "default"

    @cached_property
    def scrubber(self) -> Scrubber:
        """Takes every known key out of text."""
        return Scrubber(self.keys.secrets())


def user_folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_CONFIG_HOME/soloist`, by default `~/.config/soloist`; None where there is no home. A relative path counts as none."""
    base = environ.get("XDG_CONFIG_HOME", "")
    home = environ.get("HOME", "")
    if base.startswith("/"):
        return Path(base) / "soloist"
    return Path(home) / ".config" / "soloist" if home.startswith("/") else None


def load_settings(
    repository: Path | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Sequence[Flag] = (),
) -> Loaded:
    """The settings for work in a folder: defaults, effort, your own file, the repository's files, variables, flags.

    `repository` is a folder in the repository; without it no file of a repository is read. `config` (or SOLOIST_CONFIG) is a file
    of yours in place of the repository's soloist.toml. Raises `ValueError`, in one line that says where, for whatever can't be.
    """
    environ = os.environ if environ is None else environ
    own = user_folder(environ)
    own_file = own / NAME if own else None
    mine = _some(from_file(own_file) if own_file else None)
    given = _given_file(config, environ)
    outer = [*from_environment(environ), *from_flags(flags)]
    trust = _trust([*mine, *_some(given), *outer])
    theirs = _repository_layers(repository, own_file, given is None)
    dial = _dial([*mine, *(layer for _, layer in theirs), *_some(given), *outer])
    merged = Merged()
    for layer in (dial, *mine):
        merged.lay(layer)
    without = _with_defaults(merged.data)
    for folder, layer in theirs:
        if not is_trusted(folder, trust, environ.get("HOME", "")):
            vet(layer, without, own_file or Path("~/.config/soloist") / NAME)
        merged.lay(layer)
    for layer in (*_some(given), *outer):
        merged.lay(layer)
    settings = validate(merged.data, constantly("settings of several sources together"))
    return Loaded(settings, _keys(settings, environ, own), merged.origins)


def _given_file(config: Path | None, environ: Mapping[str, str]) -> Layer | None:
    named = config or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    layer = from_file(named) if named else None
    if named and layer is None:
        raise ValueError(f"{'--config' if config else CONFIG}: there is no file {shown(named)}")
    return layer


def _repository_layers(folder: Path | None, own_file: Path | None, with_soloist_toml: bool) -> Sequence[tuple[Path, Layer]]:
    """The repository's files, each with the folder in which it lies."""
    if folder is None:
        return []
    pyproject, file = repository_files(folder.absolute())
    found = [(pyproject, from_pyproject(pyproject))] if pyproject else []
    mine = file is not None and own_file is not None and own_file.exists() and file.samefile(own_file)
    if with_soloist_toml and file and not mine:
        found.append((file, from_file(file)))
    return [(place.parent, layer) for place, layer in found if layer]


def _dial(layers: Sequence[Layer]) -> Layer:
    effort = next((layer.data["effort"] for layer in reversed(layers) if "effort" in layer.data), Settings().effort)
    return Layer(DIAL[effort], constantly(f"effort {effort}"))


def _trust(layers: Sequence[Layer]) -> Sequence[str]:
    return next((layer.data["trust"] for layer in reversed(layers) if "trust" in layer.data), ())


def _with_defaults(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"budget": {**Budget().model_dump(), **data.get("budget", {})}}


def _keys(settings: Settings, environ: Mapping[str, str], own: Path | None) -> Keys:
    names = {name for role in (settings.planner, settings.specialist) for name in key_names(role)}
    return Keys.load(environ, names | KEYS.keys(), own / "keys.toml" if own else None)


def _some(layer: Layer | None) -> list[Layer]:
    return [] if layer is None else [layer]
