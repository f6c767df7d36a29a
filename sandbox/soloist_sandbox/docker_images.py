"""Docker's images: built on a registry's Python image where one can be pulled, else imported from the machine-made root.

The docker SDK is imported when first used, and every function here blocks: call them in threads.
"""

import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from tempfile import TemporaryFile
from threading import Event
from typing import TYPE_CHECKING, Any

from soloist_sandbox import docker_client, docker_layers
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.docker_layers import NAME, ORIGIN
from soloist_sandbox.image_spec import USER_IMAGES, Built, ImageSpec, default_base, remembered
from soloist_sandbox.rootfs_store import KEPT, SPARED_SECONDS

if TYPE_CHECKING:
    from docker import DockerClient

Say = Callable[[str], None]

BUILD_SECONDS = 600
SILENCE_SECONDS = 20
"""A registry that says nothing for so long is taken for absent."""
PULL_SECONDS = 60.0


@contextmanager
def connect() -> Iterator["DockerClient"]:
    """A client, closed at the end. Raises `SandboxUnavailable` when Docker does not answer."""
    with closing(docker_client.connect(BUILD_SECONDS)) as client:
        yield client


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
            found.append(_built(image, tag, current=tag == _current(image.labels[NAME])))
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
        missing = pull(base, say, stop)
        if not missing:
            docker_layers.lay_over(client, base, spec, say, stop)
        elif spec.base and spec.base.startswith(USER_IMAGES):
            raise SandboxUnavailable(f"what image {spec.name!r} was built on is gone: build it again from its Dockerfile")
        elif spec.base:
            raise SandboxUnavailable(f"image {base} can't be had: {missing}")
        else:
            say(f"no registry image {base} ({missing}): using this machine's own Python")
            _import(client, spec, stop)
        built = _built(client.images.get(spec.tag), spec.tag, current=True, seconds=time.monotonic() - started)
    _prune(client, spec)
    return built


def pull(base: str, say: Say, stop: Event) -> str:
    """Have Docker fetch `base` unless it has it. The reason when it can't, "" when it is there."""
    from docker.errors import DockerException, ImageNotFound
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(base)
    deadline = time.monotonic() + PULL_SECONDS
    with closing(docker_client.connect(SILENCE_SECONDS)) as client:
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


def _import(client: "DockerClient", spec: ImageSpec, stop: Event) -> None:
    settings = [f"ENV {name}={value}" for name, value in docker_layers.ENVIRONMENT.items()]
    labels = [f"LABEL {NAME}={spec.name}", f'LABEL {ORIGIN}="this machine"']
    repository, _, tag = spec.tag.partition(":")
    with TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(spec.folder / "rootfs", ".", filter=docker_layers.owned_by_root)
        archive.seek(0)
        client.api.import_image(
            src=_chunks(archive, stop),
            stream_src=True,
            repository=repository,
            tag=tag,
            changes=[*settings, *labels, "WORKDIR /workspace", f"USER {docker_layers.USER}"],
        )


def _chunks(file: Any, stop: Event) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        if stop.is_set():
            raise InterruptedError  # an upload cut short makes no image
        yield chunk


def _ours(client: "DockerClient", name: str | None = None) -> list[Any]:
    label = NAME if name is None else f"{NAME}={name}"
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
    return Built(labels.get(NAME, ""), "docker", tag, labels.get(ORIGIN, "?"), image.attrs["Size"], seconds, current)


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
