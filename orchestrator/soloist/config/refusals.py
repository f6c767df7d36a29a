"""One line for everything that is refused: where it stands, what is wrong, what to do."""

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from soloist.config.settings import Settings
from soloist.config.tomlfile import Part
from soloist.config.tree import keys_at

Where = Callable[[Sequence[Part]], str]
"""From a key's path to where it stands, for example "soloist.toml:7"."""

SECRETIVE: Final = re.compile(r"(api_?)?(key|token|secret|password)", re.IGNORECASE)
SECRETS_BELONG: Final = (
    "holds a secret, which never stands in settings: put it into the environment or into keys.toml beside your own soloist.toml "
    "(mode 600), and give its name there by api_key_env"
)


def validate(data: Mapping[str, Any], where: Where) -> Settings:
    """The settings that one source, or all together, give. Raises `ValueError` with one line for the first thing wrong."""
    try:
        return Settings.model_validate_json(json.dumps(data, default=_no_such_value), strict=True)
    except RecursionError:
        raise ValueError(f"{where(())}: is nested too deep") from None
    except ValidationError as refused:
        problem = refused.errors(include_url=False, include_input=False, include_context=False)[0]
        path = problem["loc"]
        raise ValueError(f"{where(path)}: {_told(problem['type'], problem['msg'], path)}") from None


def dotted(path: Sequence[Part]) -> str:
    """A key's name for people, for example planner.endpoints[0].model; odd names stand in quotes, as in TOML, on one line."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in path)
    return text.removeprefix(".")


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _unknown(name: str, known: Sequence[str], inside: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    advice = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(known)}"
    return f"unknown key {json.dumps(name)}{inside}; {advice}"


def _told(kind: str, message: str, path: Sequence[Part]) -> str:
    if kind == "extra_forbidden":
        name, table = str(path[-1]), path[:-1]
        if SECRETIVE.fullmatch(name):
            return f'"{name}" {SECRETS_BELONG}'
        return _unknown(name, keys_at(table), f" in {dotted(table)}" if table else "")
    if kind == "missing":
        return f"{dotted(path)} is missing"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind in ("model_type", "model_attributes_type", "dataclass_type") or message.startswith("Input should be an object"):
        return f"{dotted(path)} should be a table"
    return f"{dotted(path)}: {message[:1].lower()}{message[1:]}".replace(": input should", " should")


def _no_such_value(value: object) -> str:
    """Dates and times, which TOML has and no key wants: as text, which is refused where no text belongs."""
    return str(value)
