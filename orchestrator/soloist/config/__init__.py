"""Settings: where they come from, what they may be, and the keys that never stand in them.

    loading        all sources in rising order become one `Loaded`
    settings       the typed tree, a line for each key
    effort         the one dial and what it stands for
    repository     what a repository's own file may say: it is text from outside
    tomlfile       TOML with the line of every key
    environment    SOLOIST_* and flags
    refusals       one line for everything that is refused
    specs          short forms: a URL, SERVER/model-id, package.module:factory
    servers        hosted and local servers by name
    local          which local servers answer now
    keys           API keys, from the environment or a safe file
    connecting     a role's endpoints with their keys
    secrets        takes keys out of any text

The names are loaded when first used, so that importing this package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soloist.config.connecting import ModelServer, model_servers, preset_of, thinking_budgets
    from soloist.config.environment import Flag
    from soloist.config.keys import Keys
    from soloist.config.loading import Loaded, load_settings
    from soloist.config.local import Found, find_local, local_specialist
    from soloist.config.secrets import Scrubber
    from soloist.config.settings import Role, Settings

__all__ = [
    "Flag",
    "Found",
    "Keys",
    "Loaded",
    "ModelServer",
    "Role",
    "Scrubber",
    "Settings",
    "find_local",
    "load_settings",
    "local_specialist",
    "model_servers",
    "preset_of",
    "thinking_budgets",
]

_HOMES = {
    "ModelServer": "connecting",
    "Flag": "environment",
    "Found": "local",
    "Keys": "keys",
    "Loaded": "loading",
    "Role": "settings",
    "Scrubber": "secrets",
    "Settings": "settings",
    "model_servers": "connecting",
    "find_local": "local",
    "load_settings": "loading",
    "local_specialist": "local",
    "preset_of": "connecting",
    "thinking_budgets": "connecting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'soloist.config' has no attribute {name!r}")
    return getattr(importlib.import_module(f"soloist.config.{_HOMES[name]}"), name)
