"""`soloist config`: the settings in force, and where each of them came from."""

import json as encoder
from collections.abc import Sequence
from typing import Any

import typer
from soloist_sandbox.contract import Value

from soloist.cli.printable import printable
from soloist.config.connecting import key_names
from soloist.config.loading import Loaded
from soloist.config.refusals import dotted
from soloist.config.tree import leaves


class Shown(Value):
    """One setting, or one key, for people and programs."""

    key: str
    value: Any
    """For an API key "set" or "not set", never the key."""
    origin: str
    """A file with its line, a variable, a flag, "effort normal" or "default"."""


def show_config(loaded: Loaded, *, everything: bool = False, json: bool = False) -> None:
    """Print every setting that has a value; with `everything`, the others too; with `json`, as one JSON list."""
    lines = [one for one in shown_settings(loaded) if everything or one.value not in (None, [], {})]
    if json:
        typer.echo(encoder.dumps([one.model_dump() for one in lines], ensure_ascii=True))
        return
    texts = [_written(one.value) for one in lines]
    wide, long = max(len(one.key) for one in lines), min(48, max(map(len, texts)))
    for one, text in zip(lines, texts, strict=True):
        typer.echo(printable(f"{one.key:<{wide}} = {text:<{long}}  # {one.origin}"))


def shown_settings(loaded: Loaded) -> Sequence[Shown]:
    """All settings in the order of the tree, then the keys of the models in use."""
    plain = loaded.settings.model_dump(mode="json")
    settings = [Shown(key=dotted(path), value=_at(plain, path), origin=loaded.origin(*path)) for path in leaves()]
    return [*settings, *_keys(loaded)]


def _keys(loaded: Loaded) -> Sequence[Shown]:
    roles = {"planner": loaded.settings.planner, "specialist": loaded.settings.specialist}
    return [
        Shown(key=f"{role}: {name}", value="set" if source else "not set", origin=source or "nowhere")
        for role, settings in roles.items()
        for name in key_names(settings)
        for source in [loaded.keys.source(name)]
    ]


def _at(data: Any, path: Sequence[str]) -> Any:
    for part in path:
        data = data[part]
    return data


def _written(value: Any) -> str:
    """As TOML writes it, near enough to be copied for text, numbers and lists."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_name(key)} = {_written(one)}" for key, one in value.items() if one is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return encoder.dumps(value, ensure_ascii=False) if value is not None else "not set"


def _name(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else encoder.dumps(key)
