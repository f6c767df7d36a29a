"""SOLOIST_* variables and flags.

One rule for variables: SOLOIST_ and the key's path in capitals, joined by _, for example SOLOIST_BUDGET_SECONDS. Text stands
without quotes; numbers, true and false, lists and tables are written as in TOML. An empty variable counts as not set.
pydantic-settings was looked at and left out: it silently passes over unknown variables, can't split SOLOIST_BUDGET_PLANNER_TOKENS
without a second separator, and does not tell where a value came from.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from soloist.config.layers import Layer, checked
from soloist.config.tomlfile import Part
from soloist.config.tree import KeyPath, is_text, leaves

PREFIX: Final = "SOLOIST_"
CONFIG: Final = "SOLOIST_CONFIG"
"""The file that --config gives."""
KEYS: Final[Mapping[str, KeyPath]] = {
    "SOLOIST_PLANNER_API_KEY": ("planner", "api_key_env"),
    "SOLOIST_SPECIALIST_API_KEY": ("specialist", "api_key_env"),
}
"""Keys themselves: settings hold only these variables' names."""
ELSEWHERE: Final = frozenset({CONFIG, "SOLOIST_IMAGES"})
"""Variables of ours that are no settings."""
SHORT: Final[Mapping[str, KeyPath]] = {"SOLOIST_PLANNER": ("planner",), "SOLOIST_SPECIALIST": ("specialist",)}


@dataclass(frozen=True)
class Flag:
    """What was typed on the command line for one key."""

    name: str
    """As typed, for example "--max-seconds"."""
    key: str
    """Dotted, for example "budget.seconds", or "planner" for a short form."""
    value: Any
    """None when the flag was not given."""


def from_environment(environ: Mapping[str, str]) -> Sequence[Layer]:
    """Layers for all variables. Raises `ValueError`, in one line that names the variable."""
    variables = {**{variable(path): path for path in leaves()}, **SHORT}
    given: list[tuple[str, KeyPath, Any]] = []
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or name in ELSEWHERE or not text:
            continue
        if name not in variables and name not in KEYS:
            raise ValueError(_unknown(name, [*variables, *KEYS, *ELSEWHERE]))
        given.append((name, KEYS[name], name) if name in KEYS else (name, variables[name], _value(variables[name], text, name)))
    spelt = {path for name, path, _ in given if name not in KEYS}  # an api_key_env that is spelt out goes before a key itself
    return _layers([one for one in given if one[0] not in KEYS or one[1] not in spelt])


def from_flags(flags: Sequence[Flag]) -> Sequence[Layer]:
    """Layers for all flags that were given. Raises `ValueError`, in one line that names the flag."""
    given: list[tuple[str, KeyPath, Any]] = []
    for flag in flags:
        path = tuple(flag.key.split("."))
        if path not in leaves() and path not in SHORT.values():
            raise LookupError(f"flag {flag.name} is meant for {flag.key!r}, which is no key of the settings")
        if flag.value is not None and flag.value != () and flag.value != []:
            value = list(flag.value) if isinstance(flag.value, tuple | list) else flag.value
            given.append((flag.name, path, _value(path, value, flag.name) if isinstance(value, str) else value))
    return _layers(given)


def variable(path: KeyPath) -> str:
    """The variable that sets a key."""
    return PREFIX + "_".join(path).upper()


def _layers(given: Sequence[tuple[str, KeyPath, Any]]) -> Sequence[Layer]:
    """Short forms first, so that single keys of the same source go on top of them."""
    roles = [one for one in given if one[1] in SHORT.values()]
    return [_layer(group) for group in (roles, [one for one in given if one not in roles]) if group]


def _layer(given: Sequence[tuple[str, KeyPath, Any]]) -> Layer:
    data: dict[str, Any] = {}
    for _, path, value in given:
        table = data
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = value

    def where(asked: Sequence[Part]) -> str:
        """The one that gave the key, or all that gave something of the table."""
        names = [name for name, path, _ in given if path == tuple(asked[: len(path)]) or path[: len(asked)] == tuple(asked)]
        return ", ".join(names)

    return checked(data, where)


def _value(path: KeyPath, text: str, name: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: is not UTF-8") from None
    if path in SHORT.values():
        return text.split()  # several, as a flag given several times
    if is_text(path):
        return text
    try:
        value = tomllib.loads(f"value = {text}") if "\n" not in text else {}
    except (ValueError, RecursionError):
        return text  # refused by its type, in the same words as in a file
    return value.get("value", text) if len(value) == 1 else text


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name}: unknown variable; " + (f"did you mean {near[0]}?" if near else "see `soloist config` for what can be set")
