"""Docker's images: built on a registry's Python image where one can be pulled, else imported from the machine-made root.

The docker SDK is imported when first used, and every function here blocks: call them in threads.
"""

import io
import os
import socket
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from tempfile import TemporaryFile
from threading import Event
from typing import TYPE_CHECKING, Any

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.image_spec import Built, ImageSpec, default_base, remembered
from soloist_sandbox.rootfs_store import KEPT, SPARED_SECONDS

if TYPE_CHECKING:
    from docker import DockerClient

Say = Callable[[str], None]

CONNECT_SECONDS = 15
BUILD_SECONDS = 600
SILENCE_SECONDS = 20
"""A registry that says nothing for so long is taken for absent."""
PULL_SECONDS = 60.0

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}  # noqa: S108 - the container's own
_USER = "10001:10001"
_NAME, _ORIGIN = "soloist.image", "soloist.origin"

_DOCKERFILE = r"""
FROM {base}
USER root
COPY opt/soloist /opt/soloist
RUN set -e; \
    [ -x /usr/local/bin/python3 ] || ln -s "$(command -v python3)" /usr/local/bin/python3; \
    ln -sf python3 /usr/local/bin/python; ln -sf /opt/soloist/bin/* /usr/local/bin/; mkdir -p /workspace; \
    grep -q :10001: /etc/passwd || echo sandbox:x:10001:10001:sandbox:/tmp:/bin/sh >> /etc/passwd; \
    grep -q :10001: /etc/group || echo sandbox:x:10001: >> /etc/group; \
    find / -xdev -type f -perm /6000 -exec chmod a-s {{}} +; \
    python3 -c "import sys, site; assert sys.version_info[:2] == {version}, 'another Python: ' + sys.version; \
    open(site.getsitepackages()[0] + '/soloist.pth', 'w').write('/opt/soloist/site')"; \
    python3 -c "import pytest, coverage"
ENV {environment}
WORKDIR /workspace
USER {user}
"""


@contextmanager
def connect() -> Iterator["DockerClient"]:
    """A client, closed at the end. Raises `SandboxUnavailable` when Docker does not answer."""
    import docker
    from docker.errors import DockerException

    try:
        _knock()
        with closing(docker.from_env(timeout=CONNECT_SECONDS)) as probe:
            probe.ping()
        client = docker.from_env(timeout=BUILD_SECONDS)
    except (DockerException, OSError) as error:
        raise SandboxUnavailable(f"Docker does not answer ({_cause(str(error))}): start it, or check DOCKER_HOST") from error
    with closing(client):
        yield client


def _knock() -> None:
    """Try the daemon's socket first: where it is missing or not ours the SDK hides the reason and leaks its own socket."""
    from docker.utils import parse_host

    host: Any = parse_host(os.environ.get("DOCKER_HOST"))
    scheme, _, path = host.partition("://")
    if scheme == "http+unix":
        with closing(socket.socket(socket.AF_UNIX)) as end:
            end.settimeout(CONNECT_SECONDS)
            end.connect(path)


def find(client: "DockerClient", spec: ImageSpec) -> Built | None:
    """The image of a specification, if Docker has it."""
    from docker.errors import ImageNotFound

    with _reported(spec), suppress(ImageNotFound):
        return _built(client.images.get(spec.tag), spec.tag, current=True)
    return None


def everything(client: "DockerClient") -> list[Built]:
    """All of Soloist's images, newest first."""
    found = []
    for image in _ours(client):
        for tag in image.tags:
            found.append(_built(image, tag, current=tag == _current(image.labels[_NAME])))
    return found


def make(client: "DockerClient", spec: ImageSpec, say: Say, stop: Event) -> Built:
    """Make the image unless Docker has it; the machine-made root file system is there already.

    Raises `SandboxUnavailable` when Docker refuses, or when the base that the user named can't be pulled.
    """
    if found := find(client, spec):
        return found
    started = time.monotonic()
    base = spec.base or default_base()
    with _reported(spec):
        missing = _pull(base, say, stop)
        if not missing:
            _build_on(client, base, spec, stop)
        elif spec.base:
            raise SandboxUnavailable(f"image {base} can't be had: {missing}")
        else:
            say(f"no registry image {base} ({missing}): using this machine's own Python")
            _import(client, spec, stop)
        built = _built(client.images.get(spec.tag), spec.tag, current=True, seconds=time.monotonic() - started)
    _prune(client, spec)
    return built


def _pull(base: str, say: Say, stop: Event) -> str:
    """Have Docker fetch `base` unless it has it. The reason when it can't, "" when it is there."""
    import docker
    from docker.errors import DockerException, ImageNotFound
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(base)
    deadline = time.monotonic() + PULL_SECONDS
    with closing(docker.from_env(timeout=SILENCE_SECONDS)) as client:
        with suppress(ImageNotFound):
            client.images.get(base)
            return ""
        say(f"pulling {base}")
        try:
            for event in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if stop.is_set():
                    raise InterruptedError
                if "error" in event:
                    return _cause(event["error"])
                if time.monotonic() > deadline:
                    return f"not here within {PULL_SECONDS:.0f} s"
        except InterruptedError:
            raise
        except (DockerException, OSError) as error:  # requests' errors are OSErrors
            return _cause(getattr(error, "explanation", None) or str(error))
    return ""


def _build_on(client: "DockerClient", base: str, spec: ImageSpec, stop: Event) -> None:
    """Lay /opt/soloist over a registry image, and check that its Python can use it. No network is needed for it."""
    from docker.errors import DockerException

    with TemporaryFile() as context:
        _write_context(context, base, spec)
        labels = {_NAME: spec.name, _ORIGIN: f"registry image {base}"}
        options: dict[str, Any] = {"custom_context": True, "network_mode": "none", "rm": True, "forcerm": True, "decode": True}
        said = ""
        for event in client.api.build(fileobj=context, tag=spec.tag, labels=labels, **options):
            if stop.is_set():
                raise InterruptedError  # closing the stream ends the build
            if "error" in event:
                raise DockerException(f"building on {base}: {said.strip()[-300:] or event['error']}")
            said = event.get("stream", "").strip() or said


def _write_context(context: Any, base: str, spec: ImageSpec) -> None:
    environment = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    text = _DOCKERFILE.format(base=base, version=tuple(sys.version_info[:2]), environment=environment, user=_USER).encode()
    with tarfile.open(fileobj=context, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
        tar.add(spec.folder / "rootfs/opt/soloist", "opt/soloist", filter=_owned_by_root)
    context.seek(0)


def _import(client: "DockerClient", spec: ImageSpec, stop: Event) -> None:
    settings = [f"ENV {name}={value}" for name, value in ENVIRONMENT.items()]
    labels = [f"LABEL {_NAME}={spec.name}", f'LABEL {_ORIGIN}="this machine"']
    repository, _, tag = spec.tag.partition(":")
    with TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(spec.folder / "rootfs", ".", filter=_owned_by_root)
        archive.seek(0)
        client.api.import_image(
            src=_chunks(archive, stop),
            stream_src=True,
            repository=repository,
            tag=tag,
            changes=[*settings, *labels, "WORKDIR /workspace", f"USER {_USER}"],
        )


def _chunks(file: Any, stop: Event) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        if stop.is_set():
            raise InterruptedError  # an upload cut short makes no image
        yield chunk


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _ours(client: "DockerClient", name: str | None = None) -> list[Any]:
    label = _NAME if name is None else f"{_NAME}={name}"
    images = [image for image in client.images.list(filters={"label": label}) if image.tags]
    return sorted(images, key=_age)


def _prune(client: "DockerClient", spec: ImageSpec) -> None:
    """Remove long unused images of other versions; Docker itself refuses for those that have containers."""
    from docker.errors import APIError

    others = [image for image in _ours(client, spec.name) if spec.tag not in image.tags]
    for position, image in enumerate(others):
        if position >= KEPT or _age(image) > SPARED_SECONDS:
            for tag in image.tags:
                with suppress(APIError):
                    client.images.remove(tag)


def _age(image: Any) -> float:
    """Seconds since the image was made."""
    created: str = image.attrs["Created"]  # nanoseconds, which datetime doesn't read
    return time.time() - datetime.fromisoformat(created[:19] + "+00:00").timestamp()


def _built(image: Any, tag: str, *, current: bool, seconds: float = 0.0) -> Built:
    labels = image.labels
    return Built(labels.get(_NAME, ""), "docker", tag, labels.get(_ORIGIN, "?"), image.attrs["Size"], seconds, current)


def _current(name: str) -> str | None:
    with suppress(SandboxUnavailable, ValueError):
        return remembered(name).tag
    return None


@contextmanager
def _reported(spec: ImageSpec) -> Iterator[None]:
    """Turn the SDK's errors into what the user is told."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        raise SandboxUnavailable(f"Docker could not make image {spec.name!r}: {_short(str(error))}") from error


def _cause(text: str) -> str:
    """The end of a chain of "what: why: why", which is all that a user can act on."""
    return _short(text).rsplit(": ", 1)[-1]


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
