"""Several endpoints of one role."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from soloist.testing import Cut, ModelServer, Reply, Status
from soloist_agents.models.completing import complete
from soloist_agents.models.contract import Completion, Message, Model, ModelUnavailable, Request, Restarted
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.failures import RequestRefused
from soloist_agents.models.pool import Pool
from soloist_agents.models.settings import EndpointSettings

ASK = Request(messages=(Message(role="user", content="hello"),), seconds=10)


@contextlib.asynccontextmanager
async def pool(*servers: ModelServer) -> AsyncIterator[Model]:
    made = Pool.of([EndpointSettings(name="m", base_url=server.url, retries=1, backoff_seconds=0.02) for server in servers])
    try:
        yield made
    finally:
        await made.close()


async def test_side_by_side() -> None:
    """Calls are spread over the endpoints that are least busy."""
    slow = [Reply("x" * 60, delay=0.05, times=None)]
    async with ModelServer(slow) as one, ModelServer(slow) as two, pool(one, two) as model:
        await asyncio.gather(*(complete(model, ASK) for _ in range(8)))
    assert (len(one.calls), len(two.calls)) == (4, 4)


async def test_dead_one_is_left_out() -> None:
    """An endpoint that fails is left out, so that later calls do not pay for it."""
    async with ModelServer([]) as dead:
        pass
    async with ModelServer(lambda ask: "alive") as alive, pool(dead, alive) as model:
        for _ in range(5):
            (completion,) = await complete(model, ASK)
            assert completion.content == "alive"
        assert isinstance(model, Pool)
        assert [member.failed for member in model.members] == [1, 0]


async def test_it_comes_back() -> None:
    """An endpoint that was left out is tried again later, after a rest that grows with each failure."""
    async with (
        ModelServer(lambda ask: "one", faults={1: Status(500)}) as one,
        ModelServer(lambda ask: "two") as two,
        pool(one, two) as model,
    ):
        assert isinstance(model, Pool)
        assert (await complete(model, ASK))[0].content == "two"
        assert 0.5 < model.members[0].out_until - asyncio.get_running_loop().time() <= 1.0
        await asyncio.sleep(1.05)
        assert (await complete(model, ASK))[0].content == "one"
        assert model.members[0].failed == 0
        member = model.members[0]
        rests = []
        for _ in range(9):
            member.rest(0.0)
            rests.append(member.out_until)
        assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_moved_midway() -> None:
    """A stream that breaks goes on elsewhere, for the choices that are missing, under their own indices."""
    first = ModelServer([Reply(choices=("short", "long " * 30), chunk=6)], faults={1: Cut(after=8)})
    async with first as one, ModelServer(lambda ask: "from two") as two, pool(one, two) as model:
        events = [event async for event in model.stream(ASK.model_copy(update={"n": 2}))]
    found = {event.index: event.content for event in events if isinstance(event, Completion)}
    assert set(found) == {0, 1}
    assert found[1] == "from two"
    assert [event.indices for event in events if isinstance(event, Restarted)] in ([(1,)], [(0, 1)])


async def test_refused_request_is_not_tried_elsewhere() -> None:
    """A request that is wrong itself fails at once and leaves its endpoint in."""
    wrong = Reply(fault=Status(422, message="bad tool"), times=None)
    async with ModelServer([wrong]) as one, ModelServer([wrong]) as two, pool(one, two) as model:
        with pytest.raises(RequestRefused):
            await complete(model, ASK)
        assert not two.calls
        assert isinstance(model, Pool)
        assert [member.failed for member in model.members] == [0, 0]


async def test_all_dead() -> None:
    """When nothing answers, the error says so."""
    async with ModelServer([]) as one, ModelServer([]) as two:
        pass
    async with pool(one, two) as model:
        with pytest.raises(ModelUnavailable, match="is the server running"):
            await complete(model, ASK)


def test_single_endpoint_needs_no_pool() -> None:
    """One endpoint is used as it is."""
    assert isinstance(Pool.of([EndpointSettings(name="m", base_url="http://127.0.0.1:1/v1")]), Endpoint)
