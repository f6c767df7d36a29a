"""Docker's image, made by a real daemon: from this machine, and from a real registry on the loopback interface."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox import docker_images, images
from soloist_sandbox.contract import SandboxUnavailable

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    try:
        with docker_images.connect() as client:
            yield client
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def name(client: Any) -> Iterator[str]:
    """An image name of this run's own, in a store of its own; its images are removed at the end."""
    name = f"test-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as store:
        patch.setenv("SOLOIST_IMAGES", store)
        yield name
    for image in client.images.list(filters={"label": f"soloist.image={name}"}):
        client.images.remove(image.id, force=True)


def build(name: str, base: str | None = None) -> images.Built:
    (built,) = asyncio.run(images.build(name, base=base, engines=["docker"], say=print))
    return built


def run(client: Any, tag: str, code: str) -> str:
    options = {"network_mode": "none", "read_only": True, "cap_drop": ["ALL"], "remove": True}
    return str(client.containers.run(tag, ["python3", "-c", code], **options).decode().strip())


@pytest.fixture(scope="module")
def built(name: str) -> images.Built:
    return build(name)


def test_image_of_this_machine(client: Any, name: str, built: images.Built) -> None:
    """The image runs Soloist's Python as the sandbox's user, with what is baked in; making it again does nothing."""
    assert built.where == images.docker_tag(name)
    assert built.origin in ("this machine", f"registry image python:{VERSION}-slim")
    code = "import os, pwd, sys, pytest, coverage.tracer; print(os.getcwd(), pwd.getpwuid(os.getuid()), *sys.version_info[:2])"
    assert run(client, built.where, code).startswith("/workspace pwd.struct_passwd(pw_name='sandbox'")
    assert build(name).seconds == 0
    listed = [i for i in asyncio.run(images.installed()) if i.name == name]
    assert [(i.engine, i.where, i.current) for i in listed] == [
        ("bubblewrap", str(images.rootfs(name).parent), True),
        ("docker", built.where, True),
    ]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Host and port of an empty registry."""
    program = shutil.which("docker-registry", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("docker-registry is not here (`make test` unpacks it where apt can find it)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([program, "serve", config], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"localhost:{port}"
    finally:
        server.kill()
        server.wait(10)


def test_image_of_a_registry(client: Any, name: str, built: images.Built, registry: str) -> None:
    """Where a registry has a Python image, ours is built on it: pulled, the baked packages laid over, checked, labelled."""
    base = f"{registry}/python:{VERSION}-slim"
    plain = client.api.build(fileobj=_plain_python(built.where), tag=base, rm=True, decode=True, network_mode="none")
    assert not [event for event in plain if "error" in event]
    client.images.push(base)
    client.images.remove(base)
    try:
        made = build(name, base=base)
        assert made.origin == f"registry image {base}"
        assert made.where == images.docker_tag(name) != built.where
        seen = run(
            client, made.where, "import os, pytest, coverage.tracer; print(os.getuid(), pytest.__file__, os.path.exists('/base'))"
        )
        assert seen == "10001 /opt/soloist/site/pytest/__init__.py True"
    finally:
        client.images.remove(base)


def _plain_python(tag: str) -> Any:
    """A Dockerfile for what a registry would have: a Python without our packages."""
    import io

    return io.BytesIO(f"FROM {tag}\nUSER root\nRUN rm -r /opt/soloist /usr/local/bin/pytest; touch /base\n".encode())


def test_base_that_cannot_be_had(name: str, built: images.Built) -> None:
    """A base that the user named, and that no registry gives, is an error at once: nothing else is built in its place."""
    started = time.monotonic()
    with pytest.raises(SandboxUnavailable, match=r"image localhost:1/nothing:1 can't be had: .*refused"):
        build(name, base="localhost:1/nothing:1")
    assert time.monotonic() - started < 20
