"""The installer that fetches packages for an image: uv, else pip; from wheels alone, and never with a repository's own settings.

Nothing of a package runs on this machine: a wheel is unpacked, and building anything is forbidden.
"""

import configparser
import importlib.util
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import which

from soloist_sandbox.contract import SandboxUnavailable

_PIP_TO_UV = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}
_UV_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX")


@dataclass(frozen=True, slots=True)
class Target:
    """The Python that packages are for, where it is not the one that runs Soloist."""

    version: tuple[int, int]
    musl: bool = False
    """Whether its C library is musl (Alpine), not glibc."""

    @property
    def options(self) -> tuple[str, ...]:
        """For uv."""
        libc = "musl" if self.musl else "gnu"
        return (
            *("--python-version", self.dotted),
            *("--python-platform", f"{platform.machine()}-unknown-linux-{libc}"),
        )

    @property
    def dotted(self) -> str:
        """For example "3.12"."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def is_here(self) -> bool:
        """Whether packages of this machine's Python fit."""
        return self.version == sys.version_info[:2] and not self.musl


@dataclass(frozen=True)  # without slots, for the cached property
class Installer:
    """What to call, and the environment that goes with it."""

    uv: str | None
    environment: Mapping[str, str]

    def install(self, target: Target | None) -> Sequence[str]:
        """The words before `--target FOLDER … -- REQUIREMENT …`. Raises `SandboxUnavailable` where only uv could do it."""
        if self.uv:
            place = target.options if target and not target.is_here else ("--python", sys.executable)
            return [self.uv, "pip", "install", "--quiet", "--no-python-downloads", "--only-binary", ":all:", *place]
        self.fits(target)
        return [*self._pip, "install", "--quiet", "--no-input", "--only-binary", ":all:"]

    def compile(self, target: Target | None) -> Sequence[str]:
        """The words before `-o FILE … REQUIREMENTS`; only where `uv` is there."""
        place = target.options if target and not target.is_here else ("--python", sys.executable)
        quiet = ("--quiet", "--no-header", "--no-annotate", "--no-python-downloads", "--only-binary", ":all:")
        return [str(self.uv), "pip", "compile", *quiet, *place]

    def report(self, file: Path) -> Sequence[str]:
        """Pip's words for a trial that writes to `file` what it would install."""
        trial = ("--dry-run", "--ignore-installed", "--report", str(file))
        return [*self._pip, "install", "--quiet", "--no-input", "--only-binary", ":all:", *trial]

    def also_from(self, folder: Path) -> "Installer":
        """The same, which looks for packages in a folder too."""
        variable, separator = ("UV_FIND_LINKS", ",") if self.uv else ("PIP_FIND_LINKS", " ")
        before = self.environment.get(variable) or os.environ.get(variable)
        places = separator.join([before, str(folder)] if before else [str(folder)])
        return Installer(self.uv, {**self.environment, variable: places})

    def fits(self, target: Target | None) -> None:
        """Raises `SandboxUnavailable` for another Python than ours where there is only pip."""
        if target and not target.is_here:
            raise SandboxUnavailable(f"packages for the image's Python {target.dotted} need uv: install uv beside Soloist")

    @cached_property
    def _pip(self) -> Sequence[str]:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def find_installer() -> Installer:
    """Raises `SandboxUnavailable` when there is none."""
    if uv := which("uv", path=str(Path(sys.executable).parent)) or which("uv"):
        return Installer(uv, _as_pip_is_configured())
    if importlib.util.find_spec("pip"):
        return Installer(None, {})
    raise SandboxUnavailable("neither uv nor pip is installed beside Soloist: it can't install requirements into an image")


def _as_pip_is_configured() -> Mapping[str, str]:
    """uv does not know an index or a certificate that is set for pip; one that is set for uv itself stays."""
    found = {"UV_SYSTEM_CERTS": "true"} if "UV_NATIVE_TLS" not in os.environ else {}
    if any(name in os.environ for name in _UV_INDEXES):
        return found
    for key, variable in _PIP_TO_UV.items():
        value = os.environ.get(f"PIP_{key.replace('-', '_').upper()}") or _configured(key)
        if value:
            separator = "," if variable == "UV_FIND_LINKS" else " "
            found[variable] = separator.join(value.split())
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip asks all of its indexes alike
    return found


def _configured(key: str) -> str | None:
    """A value of pip's own configuration files, the nearest first."""
    files = [sys.prefix + "/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf", "/etc/pip.conf"]
    for file in (os.environ.get("PIP_CONFIG_FILE"), *files):
        parser = configparser.RawConfigParser()
        try:
            parser.read(Path(file).expanduser() if file else [], encoding="utf-8")
        except (configparser.Error, OSError, UnicodeError):
            continue
        for section in ("install", "global"):
            if value := parser.get(section, key, fallback=None):
                return value
    return None
