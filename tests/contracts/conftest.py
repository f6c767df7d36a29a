"""Both backends, each with its image; one that can't be had here is skipped with its reason."""

import asyncio

import pytest
from soloist_sandbox import images
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.choose import BACKENDS, engine_problem
from soloist_sandbox.contract_suite import session, tree
from soloist_sandbox.contract_suite.host import Host
from soloist_sandbox.contract_suite.project import CALC, CHECK, FIXED, LIMITS, TEST_CALC, python
from soloist_sandbox.docker_engine import DockerSandbox
from soloist_sandbox.image_spec import Engine

from . import leftovers

__all__ = ["CALC", "CHECK", "FIXED", "LIMITS", "TEST_CALC", "AnySandbox", "host", "python", "session", "tree"]

AnySandbox = DockerSandbox | BubblewrapSandbox


@pytest.fixture(scope="session", params=BACKENDS)
def engine(request: pytest.FixtureRequest) -> Engine:
    """The name of a backend that works here."""
    name: Engine = request.param
    if (problem := asyncio.run(engine_problem(name))) is not None:
        pytest.skip(f"{name}: {problem}")
    asyncio.run(images.ensure("base", name, print))
    return name


@pytest.fixture
def sandbox(engine: Engine) -> AnySandbox:
    """A sandbox with two workers."""
    return DockerSandbox(workers=2) if engine == "docker" else BubblewrapSandbox(workers=2)


class ThisHost(Host):
    """Our sandboxes run on this machine, where all their processes and containers can be seen."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def started(self, mark: str) -> bool:
        return await leftovers.appears(mark)

    async def gone(self, mark: str) -> bool:
        return await leftovers.gone(mark)

    async def nothing_left(self) -> bool:
        return await leftovers.nothing_left(self._engine)


@pytest.fixture
def host(engine: Engine) -> Host:
    """What is left behind is looked for here, too."""
    return ThisHost(engine)
