"""A script from a TOML or JSON file.

    models = ["planner", "vibethinker"]        # any field of `Manners`; all may be left out
    reasoning = "reasoning_content"

    [faults]                                   # by number of the call
    3 = { kind = "Cut", after = 2 }            # a fault's class, and its fields

    [[reply]]                                  # the fields of `Reply`
    when = { model = "planner", last = "retries" }
    tool_calls = [{ name = "read_file", arguments = { path = "client.py" } }]

    [[reply]]
    when = { model = "vibethinker" }
    thinking = "Try a loop."
    choices = ["first", { text = "second", finish_reason = "length" }]

JSON has the same shape. Unknown names are refused with the place they stand at.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

from soloist.testing.faults import Fault
from soloist.testing.manners import Manners
from soloist.testing.reply import Reply, ToolCall, Usage, When

T = TypeVar("T")

_FAULTS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(Fault)}


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """All that a file says."""

    replies: tuple[Reply, ...]
    like: Manners
    faults: Mapping[int, Fault]


def read_script(file: Path) -> ScriptFile:
    """Read a script. Raises OSError, and ValueError that says where the file is wrong."""
    text = file.read_text(encoding="utf-8")
    data = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    replies, faults = data.pop("reply", []), data.pop("faults", {})
    if "models" in data:
        data["models"] = tuple(data["models"])
    return ScriptFile(
        tuple(_reply(one, f"reply {position}") for position, one in enumerate(replies, start=1)),
        _made(Manners, data, "the file"),
        {int(number): _fault(one, f"faults.{number}") for number, one in faults.items()},
    )


def _reply(data: Mapping[str, Any] | str, where: str) -> Reply:
    if isinstance(data, str):
        return Reply(data)
    given = dict(data)
    if "tool_calls" in given:
        given["tool_calls"] = tuple(_made(ToolCall, call, f"{where}, tool_calls") for call in given["tool_calls"])
    if "choices" in given:
        given["choices"] = tuple(_reply(one, f"{where}, choices") for one in given["choices"])
    if "usage" in given:
        given["usage"] = _made(Usage, given["usage"], f"{where}, usage")
    if "when" in given:
        given["when"] = _made(When, given["when"], f"{where}, when")
    if "fault" in given:
        given["fault"] = _fault(given["fault"], f"{where}, fault")
    if given.get("times") == 0:
        given["times"] = None
    return _made(Reply, given, where)


def _fault(data: Mapping[str, Any], where: str) -> Any:
    given = dict(data)
    kind = _FAULTS.get(given.pop("kind", ""))
    if kind is None:
        raise ValueError(f"{where}: kind is one of {', '.join(_FAULTS)}")
    return _made(kind, given, where)


def _made(kind: type[T], data: Mapping[str, Any], where: str) -> T:
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = [name for name in data if name not in known]
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not known; there are {', '.join(known)}")
    try:
        return kind(**data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None
