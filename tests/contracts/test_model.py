"""What every `Model` keeps, over real HTTP: one endpoint, a pool of two, and a LangChain model."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import pytest
from soloist.testing import (
    BadUtf8,
    Cut,
    Drip,
    Drop,
    ErrorEvent,
    Fault,
    Flood,
    Hang,
    Malformed,
    ModelServer,
    NoChoices,
    Reply,
    SlowStart,
    Status,
    ToolCall,
    WrongType,
)
from soloist_agents.models.completing import complete
from soloist_agents.models.contract import (
    Completion,
    Delta,
    Message,
    Model,
    ModelError,
    ModelTimeout,
    Request,
    Restarted,
    Sampling,
    Spent,
    StreamEvent,
    ToolSpec,
)
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.langchain import ChatModel
from soloist_agents.models.pool import Pool
from soloist_agents.models.settings import EndpointSettings

from tests.contracts.chat_over_http import ChatOverHttp

MOST = 400_000
Make = Callable[[ModelServer], Model]


def endpoint(server: ModelServer, retries: int = 2) -> Endpoint:
    return Endpoint(
        EndpointSettings(
            name="scripted",
            base_url=server.url,
            retries=retries,
            backoff_seconds=0.02,
            first_seconds=0.6,
            stall_seconds=0.4,
            max_answer_bytes=MOST,
        )
    )


MODELS: dict[str, Make] = {
    "endpoint": endpoint,
    "pool": lambda server: Pool([endpoint(server, retries=0), endpoint(server, retries=0)], 1, 0.02),
    "langchain": lambda server: ChatModel(
        ChatOverHttp(base_url=server.url), backoff_seconds=0.02, stall_seconds=0.6, max_answer_bytes=MOST
    ),
}
FAULTS: tuple[Fault, ...] = (
    Status(408), Status(409), Status(429), Status(429, retry_after=0.2), Status(429, retry_after=1, as_date=True), Status(500),
    Status(503), SlowStart(0.3), Drip(0.02), Cut(), Cut(after=0), Cut(reset=True), Drop(), Drop(reset=True), Malformed(),
    ErrorEvent(), ErrorEvent(after=0), WrongType(), NoChoices(), Flood(1), BadUtf8(), Hang(), Hang(after=1),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """What a first call imports takes longer, on a busy machine, than the patience that these tests give a server."""

    async def call() -> None:
        async with ModelServer(lambda ask: "42") as server:
            settings = EndpointSettings(name="scripted", base_url=server.url)
            for model in (Endpoint(settings), ChatModel(ChatOverHttp(base_url=server.url))):
                async with opened(model):
                    assert await answer_or_error(model, asking()) == "42"

    asyncio.run(call())


@pytest.fixture(params=MODELS)
def make(request: pytest.FixtureRequest) -> Make:
    return MODELS[request.param]


def asking(text: str = "What is 6 times 7?", **fields: object) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), "seconds": 20, **fields})


async def answer_or_error(model: Model, request: Request) -> str:
    try:
        (completion,) = await complete(model, request)
    except ModelError as error:
        return str(error)
    return completion.content


@contextlib.asynccontextmanager
async def opened(model: Model) -> AsyncIterator[Model]:
    try:
        yield model
    finally:
        await model.close()
        await model.close()


async def events_of(model: Model, request: Request) -> list[StreamEvent]:
    async with contextlib.aclosing(model.stream(request)) as events:
        return [event async for event in events]


async def test_one_answer(make: Make) -> None:
    """Pieces come first, then the whole of them, then what they cost; thinking is kept apart from the answer."""
    async with ModelServer([Reply(thinking="Six sevens. " * 5, text="It is 42. " * 5)]) as server, opened(make(server)) as model:
        events = await events_of(model, asking())
    deltas, completion, spent = events[:-2], events[-2], events[-1]
    assert all(isinstance(event, Delta) for event in deltas)
    assert completion == Completion(content="It is 42. " * 5, thinking="Six sevens. " * 5)
    assert "".join(event.content for event in deltas if isinstance(event, Delta)) == "It is 42. " * 5
    assert isinstance(spent, Spent)
    assert spent.usage.prompt > 0
    assert spent.usage.thinking > spent.usage.answer > 0
    assert not spent.usage.estimated


async def test_inline_thinking(make: Make) -> None:
    """Thinking that stands in the text is split off at the last closing tag."""
    reply = Reply(text="<think>Is it </think> 41? No.</think>42", chunk=3)
    async with ModelServer([reply]) as server, opened(make(server)) as model:
        (completion,) = await complete(model, asking())
    assert (completion.content, completion.thought) == ("42", True)


async def test_cut_trace_is_no_answer(make: Make) -> None:
    """A trace that ends at the token limit leaves no answer behind."""
    async with ModelServer([Reply(text="<think>Let me see", finish_reason="length")]) as server, opened(make(server)) as model:
        (completion,) = await complete(model, asking())
    assert (completion.content, completion.thought, completion.finish) == ("", False, "length")


async def test_every_choice_is_complete_once(make: Make) -> None:
    """Each of n choices gets exactly one completion, under its own index."""
    replies = [Reply(choices=("a", "b", "c"), times=None)]
    async with ModelServer(replies) as server, opened(make(server)) as model:
        events = await events_of(model, asking(n=3))
    assert sorted(event.index for event in events if isinstance(event, Completion)) == [0, 1, 2]


async def test_tools(make: Make) -> None:
    """Tool calls come with their ids and arguments as written, malformed ones too, and their answers are sent back."""
    tool = ToolSpec(name="read", description="Reads.", parameters={"type": "object", "properties": {"path": {"type": "string"}}})
    calls = (ToolCall("read", {"path": "a.py"}, id="one"), ToolCall("read", '{"path": ', id="two"))
    async with ModelServer([Reply(tool_calls=calls), "done"]) as server, opened(make(server)) as model:
        (first,) = await complete(model, asking(tools=(tool,), tool_choice="required"))
        said = Message(role="assistant", tool_calls=first.tool_calls)
        answers = tuple(Message(role="tool", content="x = 1", tool_call_id=call.id) for call in first.tool_calls)
        (second,) = await complete(model, Request(messages=(Message(role="user", content="go"), said, *answers), tools=(tool,)))
    assert first.finish == "tool_calls"
    assert [(call.id, call.name) for call in first.tool_calls] == [("one", "read"), ("two", "read")]
    assert first.tool_calls[1].arguments == '{"path": '
    assert second.content == "done"
    assert server.calls[0].body["tool_choice"] == "required"
    sent = server.calls[1].messages
    assert [call["id"] for call in sent[1]["tool_calls"]] == ["one", "two"]
    assert [message["tool_call_id"] for message in sent[2:]] == ["one", "two"]


async def test_sampling(make: Make) -> None:
    """Sampling is sent as given, under the names that every server knows; what is not given is not sent."""
    sampling = Sampling(temperature=0.6, top_p=0.9, max_tokens=77, stop=("END",), seed=5)
    async with ModelServer(["a", "b"]) as server, opened(make(server)) as model:
        await complete(model, asking(sampling=sampling))
        await complete(model, asking())
    body = server.calls[0].body
    sent = {key: body[key] for key in ("temperature", "top_p", "max_tokens", "stop", "seed")}
    assert sent == {"temperature": 0.6, "top_p": 0.9, "max_tokens": 77, "stop": ["END"], "seed": 5}
    assert not {"temperature", "top_p", "max_tokens", "stop", "seed", "n", "tools"} & set(server.calls[1].body)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_one_fault(make: Make, fault: Fault) -> None:
    """After one fault the call is answered by another attempt, or fails in one clear line."""
    replies = [Reply(text="It is 42, as was to be expected all along.", times=None)]
    async with ModelServer(replies, faults={1: fault}) as server, opened(make(server)) as model:
        told = await answer_or_error(model, asking(seconds=8))
        assert told == "It is 42, as was to be expected all along." or (isinstance(fault, Flood) and "set max_tokens" in told)
        await server.idle()


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_lasting_fault(make: Make, fault: Fault) -> None:
    """Under a lasting fault the call ends by its deadline at the latest, answered or with one clear line."""
    replies = [Reply(text="It is 42, as was to be expected all along.", times=None)]
    faults = dict.fromkeys(range(1, 40), fault)
    start = time.monotonic()
    async with ModelServer(replies, faults=faults) as server, opened(make(server)) as model:
        told = await answer_or_error(model, asking(seconds=1.5))
        assert (told == "It is 42, as was to be expected all along.") is isinstance(fault, SlowStart | Drip)
        assert 20 < len(told) < 700
        assert "\n" not in told
        assert time.monotonic() - start < 3.5
        await server.idle()


async def test_broken_attempt_is_told(make: Make) -> None:
    """A stream that breaks is followed by what it has cost, estimated, and by word that its text is void."""
    reply = Reply(text="It is 42, as was to be expected all along.", times=None)
    async with ModelServer([reply], faults={1: Cut(after=2)}) as server, opened(make(server)) as model:
        events = await events_of(model, asking())
    place = next(place for place, event in enumerate(events) if isinstance(event, Restarted))
    restarted, broken = events[place], events[place - 1]
    assert isinstance(restarted, Restarted)
    assert restarted.indices == (0,)
    assert isinstance(broken, Spent)
    assert broken.usage.estimated
    assert broken.usage.answer > 0
    assert [event.content for event in events if isinstance(event, Completion)] == ["It is 42, as was to be expected all along."]


async def test_deadline(make: Make) -> None:
    """A call that takes longer than its deadline ends there with `ModelTimeout`, and the server is let go."""
    async with ModelServer([Reply(text="word " * 500, delay=0.05)]) as server, opened(make(server)) as model:
        start = time.monotonic()
        with pytest.raises(ModelTimeout):
            await complete(model, asking(seconds=0.7))
        assert time.monotonic() - start < 1.5
        await server.idle(2)
        assert server.calls[0].hung_up


@pytest.mark.parametrize("after", [0, 2])
async def test_closing_hangs_up(make: Make, after: int) -> None:
    """Closing the stream closes the connection, at any time."""
    async with ModelServer([Reply(text="word " * 500, delay=0.05)]) as server, opened(make(server)) as model:
        async with contextlib.aclosing(model.stream(asking())) as events:
            for _ in range(after + 1):
                await anext(events)
        await server.idle(2)
        assert server.calls[0].hung_up


@pytest.mark.parametrize(
    "reply", [Reply(text="word " * 500, delay=0.05), Reply(text="x", fault=SlowStart(9))], ids=["midway", "before"]
)
async def test_cancelling_hangs_up(make: Make, reply: Reply) -> None:
    """Cancelling the task that waits closes the connection, before the answer begins and midway."""
    async with ModelServer([reply]) as server, opened(make(server)) as model:
        task = asyncio.create_task(complete(model, asking()))
        await server.called()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.idle(2)
        assert server.calls[0].hung_up


async def test_loop_is_cut(make: Make) -> None:
    """A choice that repeats itself ends as a loop, long before it would end by itself, and the connection is closed."""
    reply = Reply(text="<think>" + "But wait, let me check that again. " * 20_000, chunk=200, delay=0.0005)
    async with ModelServer([reply]) as server, opened(make(server)) as model:
        (completion,) = await complete(model, asking())
        await server.idle(2)
        assert server.calls[0].hung_up
    assert (completion.finish, completion.thought, completion.content) == ("loop", False, "")
    assert len(completion.thinking) < 20_000


async def test_many_at_once(make: Make) -> None:
    """Calls side by side do not mix."""
    async with ModelServer(lambda ask: ask.last) as server, opened(make(server)) as model:
        found = await asyncio.gather(*(complete(model, asking(f"{number} " * 20)) for number in range(40)))
    assert [completion.content for (completion,) in found] == [f"{number} " * 20 for number in range(40)]
