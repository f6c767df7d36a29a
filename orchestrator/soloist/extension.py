"""A user's own planner or specialist, named as `package.module:factory`."""

import importlib
from typing import Any


def load(name: str, needs: tuple[str, ...]) -> Any:
    """Import and call the factory; the result must have the attributes `needs`. Raises ValueError, in one line."""
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ValueError(f"{name!r} should look like package.module:factory")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{name!r} can't be loaded: {error}") from error
    made = factory()
    missing = [need for need in needs if not hasattr(made, need)]
    if missing:
        raise ValueError(f"what {name!r} makes lacks {', '.join(missing)}")
    return made


PLANNER = ("name", "look", "plan")
SPECIALIST = ("name", "propose", "repair")
