"""How sure a model was of its tokens: asked for, read from the stream, and done without."""

import contextlib
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from soloist.testing import Ask, Cut, Manners, ModelServer, Reply, Status
from soloist_agents.models import contract
from soloist_agents.models.completing import complete
from soloist_agents.models.confidence import FLOOR, Confidence
from soloist_agents.models.contract import Completion, Message, Request, Restarted
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.failures import RequestRefused
from soloist_agents.models.pool import Pool
from soloist_agents.models.settings import EndpointSettings


@contextlib.asynccontextmanager
async def model_of(*servers: ModelServer) -> AsyncIterator[contract.Model]:
    made = Pool.of([EndpointSettings(name="m", base_url=server.url, backoff_seconds=0.02) for server in servers])
    try:
        yield made
    finally:
        await made.close()


def asking(**fields: Any) -> Request:
    return Request.model_validate(
        {"messages": (Message(role="user", content="hello"),), "seconds": 10, "logprobs": True, **fields}
    )


async def confidences(model: contract.Model, request: Request) -> list[float | None]:
    return [completion.confidence for completion in await complete(model, request)]


async def test_of_every_choice_its_own() -> None:
    """Each choice has the geometric mean of its own tokens' probabilities, thinking included; one that is told none has none."""
    thinker = Reply("a" * 2, thinking="b" * 4, logprobs=[-0.1, -0.2, -0.9])
    choices = (thinker, Reply("c" * 20, logprobs=0.8), Reply("d" * 20, logprobs=1.0), "e")
    async with ModelServer([Reply(choices=choices, chunk=2)]) as server, model_of(server) as model:
        found = await confidences(model, asking(n=4))
    assert found[:3] == [pytest.approx(math.exp(-0.4)), pytest.approx(0.8), 1.0]
    assert found[3] is None
    assert server.calls[0].body["logprobs"] is True


async def test_choices_fetched_one_by_one() -> None:
    """Where a server refuses several choices in one call, each of the single calls still has its own."""

    def answer(ask: Ask) -> Reply:
        return Reply("x" * 40, logprobs=(ask.body["seed"] + 1) / 10)

    async with ModelServer(answer, like=Manners(serves_n="refused")) as server, model_of(server) as model:
        found = await confidences(model, asking(n=3, sampling={"seed": 1}))
    assert found == [pytest.approx(0.2), pytest.approx(0.3), pytest.approx(0.4)]


async def test_not_asked() -> None:
    """Who does not ask gets none, and the server is not asked either."""
    async with ModelServer([Reply("x", logprobs=0.5)]) as server, model_of(server) as model:
        assert await confidences(model, asking(logprobs=False)) == [None]
    assert "logprobs" not in server.calls[0].body


async def test_server_that_sends_null() -> None:
    """A server that takes the field and tells nothing is asked once, and its answer stands."""
    script = [Reply("x", logprobs=0.5)]
    async with ModelServer(script, like=Manners(serves_logprobs=False)) as server, model_of(server) as model:
        assert await confidences(model, asking()) == [None]


@pytest.mark.parametrize("n", [1, 3])
async def test_server_that_refuses(n: int) -> None:
    """A server that refuses the field answers without it, and is not asked again; `n` and the count of tokens stay asked for."""
    script = [Reply("x", logprobs=0.5, times=None)]
    async with ModelServer(script, like=Manners(serves_logprobs="refused")) as server, model_of(server) as model:
        for _ in range(2):
            assert await confidences(model, asking(n=n)) == [None] * n
    assert [ask.logprobs for ask in server.calls] == [True, False, False]
    assert [ask.n for ask in server.calls] == [n, n, n]
    assert all("stream_options" in ask.body for ask in server.calls)


async def test_server_that_refuses_everything() -> None:
    """A server that knows none of the options is asked without each of them, one after the other."""

    def answer(ask: Ask) -> Reply:
        unknown = [name for name in ("logprobs", "stream_options") if name in ask.body]
        return Reply(fault=Status(422, message=f"extra fields: {', '.join(unknown)}")) if unknown else Reply("hi")

    async with ModelServer(answer, like=Manners(serves_n="refused")) as server, model_of(server) as model:
        assert await confidences(model, asking(n=2)) == [None, None]
        calls = len(server.calls)
        assert await confidences(model, asking(n=2)) == [None, None]
    assert len(server.calls) - calls == 2


async def test_refused_beside_tools_only() -> None:
    """A server that told logprobs before and refuses them beside something else is asked for them again the next time."""

    def answer(ask: Ask) -> Reply:
        refused = ask.tools and ask.logprobs
        return Reply(fault=Status(400, message="logprobs don't go with tools")) if refused else Reply("hi", logprobs=0.5)

    tool = contract.ToolSpec(name="look", description="", parameters={"type": "object"})
    async with ModelServer(answer) as server, model_of(server) as model:
        found = [await confidences(model, asking(tools=tools)) for tools in ((), (tool,), ())]
    assert found == [[pytest.approx(0.5)], [None], [pytest.approx(0.5)]]


async def test_refusal_of_something_else() -> None:
    """A request that is refused for itself is told as that, and teaches nothing of logprobs."""

    def answer(ask: Ask) -> Reply:
        return Reply(fault=Status(400, message="bad tool")) if ask.last == "bad" else Reply("hi", logprobs=0.5)

    async with ModelServer(answer) as server, model_of(server) as model:
        with pytest.raises(RequestRefused, match="bad tool"):
            await complete(model, asking(messages=(Message(role="user", content="bad"),)))
        assert await confidences(model, asking()) == [pytest.approx(0.5)]


NONSENSE: list[Any] = [None, math.nan, math.inf, True, "-0.1", 7.5, {}, [], 10**400]


async def test_nonsense_is_left_out() -> None:
    """Values that are no log probability do not count: the mean is that of the others, and there is none where none is left."""
    replies = [Reply("x" * (2 + len(NONSENSE)), logprobs=[-0.25, *NONSENSE, -0.75], chunk=1), Reply("x" * 9, logprobs=NONSENSE)]
    async with ModelServer(replies) as server, model_of(server) as model:
        assert await confidences(model, asking()) == [pytest.approx(math.exp(-0.5))]
        assert await confidences(model, asking()) == [None]


@pytest.mark.parametrize("told", [None, 5, "content", {}, {"content": None}, {"content": "x"}, {"content": [None, -0.5, [], {}]}])
def test_unknown_form(told: object) -> None:
    """What has not the form of chat completions' logprobs is passed over."""
    confidence = Confidence()
    confidence.take(told)
    assert confidence.mean is None


@pytest.mark.parametrize("never", [-math.inf, -9999.0, -(10**400)])
async def test_least_probability(never: float) -> None:
    """A token told as impossible counts with a floor, and one told as a little more than certain as certain."""
    replies = [Reply("ab", logprobs=[0.0001, never], chunk=1), Reply("ab", logprobs=[never])]
    async with ModelServer(replies) as server, model_of(server) as model:
        assert await confidences(model, asking()) == [pytest.approx(math.exp(FLOOR / 2))]
        assert await confidences(model, asking()) == [pytest.approx(math.exp(FLOOR))]


async def test_restarted_stream_counts_its_last_attempt() -> None:
    """When a stream breaks and the call is made again, only the tokens of the attempt that is kept count."""
    replies = [Reply("x" * 80, logprobs=0.1, chunk=2), Reply("y" * 80, logprobs=0.9, chunk=2)]
    async with ModelServer(lambda ask: replies[ask.number - 1], faults={1: Cut(after=20)}) as server, model_of(server) as model:
        events = [event async for event in model.stream(asking())]
    assert sum(isinstance(event, Restarted) for event in events) == 1
    assert [event.confidence for event in events if isinstance(event, Completion)] == [pytest.approx(0.9)]


async def test_moved_to_another_endpoint() -> None:
    """A pool tells the confidence of the endpoint that completed the choice, under the choice's own index."""
    first = ModelServer([Reply(choices=(Reply("ab", logprobs=0.3), Reply("x" * 80, logprobs=0.1)), chunk=2)], faults={1: Cut(20)})
    async with first, ModelServer([Reply("y" * 80, logprobs=0.9)]) as second, model_of(first, second) as model:
        found = await confidences(model, asking(n=2))
    assert found == [pytest.approx(0.3), pytest.approx(0.9)]


async def test_endpoint_remembers_for_itself() -> None:
    """What one endpoint refuses is still asked of another."""
    script = [Reply("x", logprobs=0.5, times=None)]
    async with ModelServer(script, like=Manners(serves_logprobs="refused")) as without, ModelServer(script) as server:
        one, two = (Endpoint(EndpointSettings(name="m", base_url=each.url)) for each in (without, server))
        try:
            assert [await confidences(model, asking()) for model in (one, two)] == [[None], [pytest.approx(0.5)]]
        finally:
            await one.close()
            await two.close()
