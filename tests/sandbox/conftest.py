"""The real Docker engine as the tests of its connection need it, and an environment that names none."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from soloist_sandbox import images
from soloist_sandbox.docker_engine import docker_problem

from .docker_relay import SOCKET, Certificates, certificates


@pytest.fixture(scope="module")
def docker_here() -> Iterator[Any]:
    """The real engine, as this machine reaches it, with the image."""
    if not SOCKET.is_socket():
        pytest.skip(f"no Docker engine at {SOCKET}")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DOCKER_HOST", raising=False)
        patch.setenv("DOCKER_CONTEXT", "default")
        if problem := asyncio.run(docker_problem()):
            pytest.skip(problem)
        asyncio.run(images.ensure("base", "docker", print))
    direct = docker.DockerClient(base_url=f"unix://{SOCKET}")
    yield direct
    direct.close()


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of a good authority, and of another."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the engine that the person who runs it has chosen."""
    for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
