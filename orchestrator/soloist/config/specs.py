"""Short forms of a role: `http://localhost:8000/v1#model-id`, `openai/gpt-5.5`, `vllm`, `package.module:factory`."""

from collections.abc import Mapping, Sequence
from typing import Any

from soloist.config.servers import SERVERS, server_named
from soloist.config.settings import FACTORY

FORMS = "a URL such as http://localhost:8000/v1#model-id, or SERVER/model-id such as openai/gpt-5.5, or package.module:factory"

IDENTITY = frozenset({"base_url", "server", "endpoints", "factory", "api_key_env"})
"""Keys that say where the model is and which key goes there; they are replaced together (see `layers.merge`)."""


def expand(spec: str) -> dict[str, Any]:
    """A role's table from its short form. Raises `ValueError`, in one line."""
    spec = spec.strip()
    if spec.startswith(("http://", "https://")):
        base_url, _, model = spec.partition("#")
        return {"base_url": base_url, **({"model": model} if model else {})}
    if FACTORY.fullmatch(spec) and not spec.split(":")[0].endswith("."):
        return {"factory": [spec]}
    name, slash, model = spec.partition("/")
    if not slash and name not in SERVERS:
        raise ValueError(f"it should be {FORMS}")
    server = server_named(name)
    if not model and not server.local:
        raise ValueError(f"the model is missing: write {server.name}/model-id")
    return {"server": server.name, **({"model": model} if model else {})}


def expand_all(specs: Sequence[str]) -> dict[str, Any]:
    """A role's table from several short forms: factories become a ladder, models stand side by side."""
    tables = [expand(spec) for spec in specs]
    factories = [name for table in tables for name in table.get("factory", ())]
    places = [table for table in tables if "factory" not in table]
    joined: dict[str, Any] = {"factory": factories} if factories else {}
    return {**joined, **(places[0] if len(places) == 1 else {"endpoints": places} if places else {})}


def expand_roles(data: Mapping[str, Any]) -> dict[str, Any]:
    """One source's settings with each short form of a role in its long form. Raises `ValueError` as `(role, why)`."""
    long = dict(data)
    for role in ("planner", "specialist"):
        value = long.get(role)
        specs = [value] if isinstance(value, str) else value
        if isinstance(specs, list) and specs and all(isinstance(spec, str) for spec in specs):
            try:
                long[role] = expand_all(specs)
            except ValueError as why:
                raise ValueError(role, str(why)) from None
    return long
