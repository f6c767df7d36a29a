"""What an image is made of, the hash that names it, and where images are kept.

`<store>/<name>/image.json` remembers what a named image was asked to contain, so that an upgraded Soloist makes it again.
`<store>/<name>/<hash>/` is one finished image: `rootfs/` and, written last, `built.json`.
"""

import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Literal

from soloist_sandbox.contract import SandboxUnavailable

Engine = Literal["docker", "bubblewrap"]

USER_IMAGES = "localhost/soloist/"
"""Before the names of images made from users' own Dockerfiles. No registry has them: none can be asked for one that is gone."""
BAKED = ("pytest", "coverage")
"""Distributions that every image has, with all that they need: what runs the checks, and what traces them."""

_HERE = Path(__file__).parent
RUNNER = _HERE / "image"
"""The runner's files, copied to /opt/soloist."""
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


def default_base() -> str:
    """The registry image of the Python that runs Soloist: its minor version must be the image's, for compiled modules."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def store() -> Path:
    """The folder of all images: $SOLOIST_IMAGES, else a system folder for root, else the user's data folder."""
    if chosen := os.environ.get("SOLOIST_IMAGES"):
        return Path(chosen)
    if os.geteuid() == 0:  # root's home may be closed to the uid that bubblewrap runs as
        return Path("/var/lib/soloist/images")
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "soloist/images"


@dataclass(frozen=True, slots=True)
class Built:
    """One finished image of one engine."""

    name: str
    engine: Engine
    where: str
    """A folder (bubblewrap) or an image's tag (docker)."""
    origin: str
    """"this machine", or for example "registry image python:3.11-slim"."""
    size: int
    """Bytes."""
    seconds: float = 0.0
    """What making it took; 0 when it was there."""
    current: bool = True
    """False for an image that another version of Soloist, or of its parts, has made."""


@dataclass(frozen=True, slots=True)
class OwnPackage:
    """The repository's own distribution, which is imported from the workspace but known to `importlib.metadata`."""

    name: str
    version: str
    entry_points: str = ""
    """As entry_points.txt has them: commands, and plugins of pytest or of the package itself."""
    roots: tuple[str, ...] = ()
    """Folders below the workspace that its modules are imported from, as "src"; besides the workspace itself."""


@dataclass(frozen=True)  # without slots, for the cached properties
class ImageSpec:
    """What one named image contains besides the runner and the baked distributions.

    The hashes are taken once: a file that changes while an image is made must not change the image's name half-way.
    """

    name: str
    requirements: tuple[str, ...] = ()
    base: str | None = None
    """Image to build the Docker image on, by tag or id. None: `default_base()`, or this machine where that can't be pulled."""
    pins: tuple[str, ...] = ()
    """Exact requirements with all that they need: installed as they stand, without looking for more."""
    own: OwnPackage | None = None
    venv: str | None = None
    """A virtual environment of this machine, bound in by bubblewrap alone."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"image name {self.name!r}: use lower-case letters, digits, and single . _ - between them")

    @property
    def adds(self) -> bool:
        """Whether it has anything that not every image has."""
        return bool(self.requirements or self.pins or self.own or self.venv)

    @property
    def home(self) -> Path:
        """Folder of this name's images."""
        return store() / self.name

    @cached_property
    def folder(self) -> Path:
        """Folder of the root file system that this Soloist, on this Python, makes of the specification."""
        return self.home / self._digest()

    @cached_property
    def tag(self) -> str:
        """The Docker image's name."""
        return f"soloist/{self.name}:{self._digest(self.base or default_base())}"

    def _digest(self, *origin: str) -> str:
        """12 hexadecimal digits that change whenever a new build would give another image."""
        asked: list[object] = [platform.machine(), platform.python_version(), *origin, *sorted(self.requirements)]
        if self.pins or self.own or self.venv:
            asked += [sorted(self.pins), asdict(self.own) if self.own else None, bool(self.venv)]
        baked = sorted(f"{d.name}=={d.version}" for d in baked_distributions())
        digest = hashlib.sha256(json.dumps([asked, baked]).encode())
        for file in _makers():
            digest.update(f"\0{file.relative_to(_HERE)}\0".encode() + file.read_bytes())
        return digest.hexdigest()[:12]


def shown(base: str) -> str:
    """How an image to build on is called before the user."""
    return "the user's own Dockerfile" if base.startswith(USER_IMAGES) else f"registry image {base}"


def remembered(name: str) -> ImageSpec:
    """The specification last built under `name`; "base" needs none. Raises `SandboxUnavailable` for a name never built."""
    spec = ImageSpec(name)
    try:
        kept = json.loads((spec.home / "image.json").read_text())
        own = kept.get("own")
        if own:
            own = OwnPackage(**{**own, "roots": tuple(own["roots"])})
        return ImageSpec(name, tuple(kept["requirements"]), kept["base"], tuple(kept.get("pins", ())), own, kept.get("venv"))
    except FileNotFoundError:
        if name == "base":
            return spec
        raise SandboxUnavailable(not_built(name)) from None
    except (ValueError, KeyError, TypeError) as broken:
        raise SandboxUnavailable(f"{spec.home / 'image.json'} is damaged ({broken}): build image {name!r} again") from broken


def recorded(spec: ImageSpec) -> str:
    """What `remembered` reads."""
    kept = asdict(spec)
    del kept["name"]
    return json.dumps(kept, indent=1) + "\n"


def not_built(name: str) -> str:
    """What the user is told when an image is missing."""
    option = "" if name == "base" else f" --name {name}"
    return f"image {name!r} is not built: run `soloist sandbox build{option}`"


def baked_distributions() -> list[metadata.Distribution]:
    """The installed distributions of `BAKED` and of everything they require here.

    Raises `SandboxUnavailable` when one of them is not installed.
    """
    from packaging.requirements import Requirement  # pytest brings it; not needed before an image is looked for
    from packaging.utils import canonicalize_name

    found: dict[str, metadata.Distribution] = {}
    wanted = [Requirement(name) for name in BAKED]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        try:
            found[name] = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            raise SandboxUnavailable(f"{requirement.name} is not installed beside Soloist: install Soloist again") from None
        wanted += map(Requirement, found[name].requires or ())
    return [found[name] for name in sorted(found)]


def runner_files() -> list[Path]:
    """The runner's source files and system call filters, in a fixed order."""
    return sorted(f for f in (*RUNNER.glob("*.py"), *RUNNER.glob("filters/*.bpf")) if f.name != "__init__.py")


def _makers() -> Iterator[Path]:
    """Every file whose change can change an image: the runner, and the code that builds images."""
    yield from runner_files()
    yield from sorted((_HERE / "machine").glob("*.py"))
    yield from (_HERE / name for name in ("docker_images.py", "docker_layers.py", "docker_probe.py"))
