"""API keys: from the environment, or from a keyring file that only its owner can read. Never from anywhere else.

The keyring file is `keys.toml` beside the user's own soloist.toml, a name and a key on each line, the names as those of the
environment's variables: `OPENAI_API_KEY = "…"`. The environment goes before it.
"""

import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from soloist.config.servers import HOSTED
from soloist.config.settings import VARIABLE
from soloist.config.tomlfile import read_regular, shown

CONVENTIONAL: Final = frozenset(server.key_env for server in HOSTED if server.key_env)
MOST_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class Keys:
    """Keys by the name of their variable. Shows names only."""

    file: Path | None = None
    """Where the keyring file is, or would be."""
    _held: Mapping[str, tuple[SecretStr, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, environ: Mapping[str, str], names: Iterable[str], file: Path | None) -> "Keys":
        """The keys of these names and the conventional ones, and all of the keyring file. Raises `ValueError`, in one line."""
        held = {name: (key, shown(file)) for name, key in read_keyring(file).items()} if file else {}
        for name in sorted({*names, *CONVENTIONAL}):
            if key := environ.get(name, "").strip():
                held[name] = (_sound(key, name), "environment")
        return cls(file, held)

    def get(self, name: str) -> SecretStr | None:
        """The key, or None when it is not set."""
        return self._held[name][0] if name in self._held else None

    def source(self, name: str) -> str | None:
        """ "environment", the keyring file, or None when it is not set."""
        return self._held[name][1] if name in self._held else None

    def secrets(self) -> tuple[str, ...]:
        """Every key in the clear, for a `Scrubber` and nothing else."""
        return tuple(key.get_secret_value() for key, _ in self._held.values())


def read_keyring(file: Path) -> Mapping[str, SecretStr]:
    """The file's keys; none when there is no file. Raises `ValueError`, in one line, when others could read or write it."""
    if file.is_symlink():
        raise ValueError(f"{shown(file)}: is a symbolic link; put the file itself there")
    body = read_regular(file, MOST_BYTES, os.O_NOFOLLOW, lambda status: _objection(status, file))
    return {} if body is None else _parse(body, file)


def _objection(status: os.stat_result, file: Path) -> str | None:
    """Root gets no exception: a key that another user has put there is not root's."""
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, not to you; it should be your own"
    if status.st_mode & 0o077:
        return f"others may use it (mode {stat.S_IMODE(status.st_mode):o}); run: chmod 600 {shown(file)}"
    return None


def _parse(body: bytes, file: Path) -> Mapping[str, SecretStr]:
    """Nothing of the file's text is ever repeated: it is all secret."""
    try:
        table = tomllib.loads(body.decode())
    except (ValueError, RecursionError):
        raise ValueError(f'{shown(file)}: is not TOML; each line should be like OPENAI_API_KEY = "…"') from None
    found: dict[str, SecretStr] = {}
    for number, (name, key) in enumerate(table.items(), start=1):
        if not VARIABLE.fullmatch(name) or not isinstance(key, str) or not key.strip():
            raise ValueError(f'{shown(file)}: entry {number} should be like OPENAI_API_KEY = "…"')
        found[name] = _sound(key.strip(), name)
    return found


def _sound(key: str, name: str) -> SecretStr:
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError(f"{name}: the key has characters that no key has (a line break, a space, a letter beyond ASCII)")
    return SecretStr(key)
