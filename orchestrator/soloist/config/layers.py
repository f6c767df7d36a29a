"""Sources of settings, laid over each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soloist.config.refusals import Where, validate
from soloist.config.specs import IDENTITY, expand_roles
from soloist.config.tomlfile import Part

ROLES = ("planner", "specialist")
OF_THE_MODEL = frozenset({"model", "preset", "context", "serves_n", "continues"})
"""Keys that describe one model; a short form names another model, so they go with the old one."""


@dataclass(frozen=True)
class Layer:
    """What one source says."""

    data: Mapping[str, Any]
    where: Where
    short: frozenset[str] = frozenset()
    """Roles that were given in their short form."""


@dataclass
class Merged:
    """Layers laid over each other so far."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[tuple[str, ...], Where] = field(default_factory=dict)
    """Which source each key's value is from; asked for the line only when somebody wants to know."""

    def lay(self, layer: Layer) -> None:
        """Put a layer on top.

        A layer that says where a role's model is replaces all that lower ones say of it, their `api_key_env` too: a key is sent
        only to the address beside which it was named, never to one from a higher source. SOLOIST_PLANNER_API_KEY and its like are
        keys for whatever plays the role, so they stay.
        """
        for role in ROLES:
            table = layer.data.get(role, {})
            if role in layer.short:
                self._forget(role, IDENTITY | OF_THE_MODEL)
            elif table.keys() & (IDENTITY - {"api_key_env"}):
                self._forget(role, IDENTITY)
        _overlay(self.data, layer.data)
        for path in paths(layer.data):
            self.origins[path] = layer.where

    def _forget(self, role: str, names: frozenset[str]) -> None:
        for name in names & self.data.get(role, {}).keys():
            if name == "api_key_env" and self.data[role][name] == f"SOLOIST_{role.upper()}_API_KEY":
                continue
            del self.data[role][name]
            self.origins.pop((role, name), None)


def checked(data: Mapping[str, Any], where: Where) -> Layer:
    """A source's layer. Raises `ValueError`, in one line that says where, for what can't be."""
    try:
        long = expand_roles(data)
    except ValueError as wrong:
        role, why = wrong.args
        raise ValueError(f"{where((role,))}: {role}: {why}") from None
    validate(long, where)
    return Layer(long, where, frozenset(role for role in ROLES if not isinstance(data.get(role, {}), dict)))


def paths(data: Mapping[str, Any], above: tuple[str, ...] = ()) -> Sequence[tuple[str, ...]]:
    """The paths of all values; tables are descended into, lists are not."""
    found: list[tuple[str, ...]] = []
    for key, value in data.items():
        found += paths(value, (*above, key)) if isinstance(value, dict) and value else [(*above, key)]
    return found


def constantly(text: str) -> Where:
    """For a source that has one name and no lines."""

    def where(path: Sequence[Part]) -> str:
        return text

    return where


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _overlay(below[key], value)
        else:
            below[key] = _copied(value)


def _copied(value: Any) -> Any:
    return {key: _copied(inner) for key, inner in value.items()} if isinstance(value, dict) else value
