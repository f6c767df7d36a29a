"""One endpoint: what it sends, what it finds out about a server, and how it tells what is wrong."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr
from soloist.testing import LLAMA_CPP, OLLAMA, Cut, Manners, ModelServer, Reply, Status, Usage
from soloist_agents.models import contract
from soloist_agents.models.completing import complete
from soloist_agents.models.contract import Message, ModelMisbehaved, ModelUnavailable, Request, Sampling, Schema, Spent
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.failures import ContextExceeded, NotServed, RequestRefused, retry_after
from soloist_agents.models.settings import EndpointSettings

KEY = "sk-very-secret-0123456789"


@contextlib.asynccontextmanager
async def endpoint(server: ModelServer, **settings: Any) -> AsyncIterator[Endpoint]:
    made = Endpoint(EndpointSettings(**{"name": "scripted", "base_url": server.url, "backoff_seconds": 0.02, **settings}))
    try:
        yield made
    finally:
        await made.close()


def asking(text: str = "hello", **fields: Any) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), "seconds": 10, **fields})


async def usage_of(model: Endpoint, request: Request) -> contract.Usage:
    events = [event async for event in model.stream(request)]
    return sum((event.usage for event in events if isinstance(event, Spent)), contract.Usage())


@pytest.mark.parametrize("manners", [Manners(), OLLAMA, LLAMA_CPP, Manners(serves_n="refused")])
async def test_n(manners: Manners) -> None:
    """Choices that a server does not give in one request are fetched one by one, side by side; it is asked for n only once."""
    replies = [Reply(text=f"answer {number}", delay=0.05) for number in range(1, 9)]
    server = ModelServer(lambda ask: replies[0] if ask.n == 1 else Reply(choices=tuple("abcd")), like=manners)
    async with server, endpoint(server) as model:
        first = await complete(model, asking(n=4))
        calls = len(server.calls)
        second = await complete(model, asking(n=4))
    assert [completion.index for completion in first] == [completion.index for completion in second] == [0, 1, 2, 3]
    assert all(completion.content for completion in (*first, *second))
    together = manners.serves_n is True
    assert [ask.n for ask in server.calls[calls:]] == ([4] if together else [1, 1, 1, 1])


async def test_n_is_not_asked_for_where_it_is_known_not_to_be_served() -> None:
    """A setting spares the first try, and seeds differ between the single calls."""
    async with ModelServer(lambda ask: "x", like=LLAMA_CPP) as server, endpoint(server, serves_n=False) as model:
        await complete(model, asking(n=3, sampling=Sampling(seed=7)))
    assert sorted(ask.body["seed"] for ask in server.calls) == [7, 8, 9]


async def test_missing_choice_is_made_again_alone() -> None:
    """When a stream of n breaks, choices that are complete stay; only the others are asked for again."""
    server = ModelServer(lambda ask: Reply(choices=("short", "long " * 40)) if ask.n == 2 else "again", faults={1: Cut(after=9)})
    async with server, endpoint(server) as model:
        events = [event async for event in model.stream(asking(n=2))]
    found = {event.index: event.content for event in events if isinstance(event, contract.Completion)}
    assert [event.indices for event in events if isinstance(event, contract.Restarted)] == [(1,)]
    assert [ask.n for ask in server.calls] == [2, 1]
    assert found[0] == "short"


async def test_server_without_stream_options() -> None:
    """A server that refuses to count in streams is asked without, and is not asked again to; tokens are then estimated."""

    def answer(ask: Any) -> Reply:
        return Reply(fault=Status(400, message="unknown field: stream_options")) if "stream_options" in ask.body else Reply("hi")

    async with ModelServer(answer, like=Manners(sends_usage=False)) as server, endpoint(server) as model:
        for _ in range(2):
            usage = await usage_of(model, asking("x" * 360))
            assert usage.estimated
            assert 90 < usage.prompt < 120
    assert ["stream_options" in ask.body for ask in server.calls] == [True, False, False]


async def test_bad_request_teaches_nothing() -> None:
    """A request that is refused for itself does not make a server count as one that knows neither `n` nor `stream_options`."""

    def answer(ask: Any) -> Reply:
        return Reply(fault=Status(400, message="bad tool")) if ask.last == "bad" else Reply("hi")

    async with ModelServer(answer) as server, endpoint(server) as model:
        with pytest.raises(RequestRefused):
            await complete(model, asking("bad", n=2))
        assert not (await usage_of(model, asking(n=2))).estimated
    assert server.calls[-1].n == 2


async def test_usage() -> None:
    """The server's own count is told exactly: prompt, cached, thinking, answer."""
    reply = Reply("42", thinking="Hm.", usage=Usage(prompt=100, completion=50, cached=64, thinking=30))
    async with ModelServer([reply]) as server, endpoint(server) as model:
        assert await usage_of(model, asking()) == contract.Usage(prompt=100, cached=64, thinking=30, answer=20)


async def test_template_that_opens_the_trace() -> None:
    """Once a bare closing tag was seen, a trace that is cut before it counts as no answer, and streams as thinking."""
    replies = [Reply("Hm.</think>42"), Reply("Hm, let me see", finish_reason="length"), Reply("Well.</think>7", chunk=3)]
    async with ModelServer(replies) as server, endpoint(server) as model:
        found = [(await complete(model, asking()))[0] for _ in replies]
    assert [(completion.content, completion.thought) for completion in found] == [("42", True), ("", False), ("7", True)]


CONTINUES = {"continue_final_message", "add_generation_prompt"}


@pytest.mark.parametrize(("continues", "fields"), [("vllm", CONTINUES), ("prefill", set())])
async def test_continuing(continues: str, fields: set[str]) -> None:
    """A cut trace goes on where it stopped, by the server's own way."""
    prefix = Message(role="assistant", content="<think>Six sev", prefix=True)
    async with ModelServer([Reply("ens.</think>42")]) as server, endpoint(server, continues=continues) as model:
        (completion,) = await complete(model, Request(messages=(Message(role="user", content="6*7?"), prefix)))
    assert (completion.thinking, completion.content) == ("ens.", "42")
    assert fields == CONTINUES & set(server.calls[0].body)
    assert server.calls[0].messages[-1] == {"role": "assistant", "content": "<think>Six sev"}


async def test_no_continuing() -> None:
    """A server that can't continue is not asked to."""
    prefix = Message(role="assistant", content="<think>", prefix=True)
    async with ModelServer([]) as server, endpoint(server) as model:
        with pytest.raises(ValueError, match="can't continue"):
            await complete(model, Request(messages=(prefix,)))
    assert not server.calls


async def test_tags_are_text_where_thinking_has_its_own_field() -> None:
    """An answer about the tags stays whole when the server splits thinking off itself, or the model is known not to think."""
    about = "Close it with </think>, please."
    async with ModelServer([Reply(about, thinking="Hm."), Reply(about)]) as server:
        async with endpoint(server) as model:
            assert (await complete(model, asking()))[0].content == about
        async with endpoint(server, inline_thinking=False) as model:
            assert (await complete(model, asking()))[0].content == about


async def test_key_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    """The key is sent and then stands nowhere: not in errors that echo it, not in their causes, logs or settings."""
    caplog.set_level(logging.DEBUG)
    header = "another-secret-value"
    fault = Status(401, message=f"bad key {KEY} and {header}")
    async with (
        ModelServer([Reply(fault=fault)]) as server,
        endpoint(server, api_key=SecretStr(KEY), key_from="GLM_API_KEY", headers={"x-team": header}) as model,
    ):
        with pytest.raises(ModelUnavailable, match="check GLM_API_KEY") as caught:
            await complete(model, asking())
        settings = repr(model.settings) + model.settings.model_dump_json()
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.calls[0].headers["x-team"] == header
    links: list[BaseException | None] = [caught.value]
    while links[-1] is not None:
        links.append(links[-1].__cause__ or links[-1].__context__)
    told = " ".join(map(repr, links)) + caplog.text + settings
    assert KEY not in told
    assert header not in told


async def test_no_key_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key none is sent, least of all another server's from the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with ModelServer(["x"]) as server, endpoint(server) as model:
        await complete(model, asking())
    assert "authorization" not in server.calls[0].headers


async def test_model_not_served() -> None:
    """A model that is not served is told beside those that are."""
    async with ModelServer([], like=Manners(models=("glm-5.2", "qwen"))) as server, endpoint(server, name="gml-5.2") as model:
        with pytest.raises(ModelUnavailable, match=r"does not serve 'gml-5.2'; it serves glm-5.2, qwen"):
            await complete(model, asking())


async def test_wrong_base_url() -> None:
    """A base URL without its version part is recognised as such."""
    async with ModelServer([]) as server, endpoint(server, base_url=server.url.removesuffix("/v1")) as model:
        with pytest.raises(ModelUnavailable, match=r"check base_url: it mostly ends in /v1"):
            await complete(model, asking())


async def test_nothing_there() -> None:
    """A server that is not running is told as that."""
    async with ModelServer([]) as server:
        pass
    async with endpoint(server, retries=0) as model:
        with pytest.raises(ModelUnavailable, match=r"nothing answers at http://127.0.0.1:\d+/v1: is the server running\?"):
            await complete(model, asking())
        with pytest.raises(ModelUnavailable, match="is the server running"):
            await model.models()


@pytest.mark.parametrize(
    ("message", "kind"),
    [("This model's maximum context length is 4096 tokens", ContextExceeded), ("no such tool", RequestRefused)],
)
async def test_refused_request(message: str, kind: type[RequestRefused]) -> None:
    """A request that is refused for itself is not repeated; one that is too long is told apart."""
    async with ModelServer(lambda ask: Reply(fault=Status(400, message=message))) as server, endpoint(server) as model:
        with pytest.raises(RequestRefused) as caught:
            await complete(model, asking())
    assert type(caught.value) is kind
    assert len(server.calls) <= 2


async def test_schema() -> None:
    """A JSON schema is sent as response format, or refused without asking where it is known not to be served."""
    schema = Schema(name="Plan", schema_={"type": "object"})
    async with ModelServer(["{}"]) as server:
        async with endpoint(server) as model:
            await complete(model, asking(schema_=schema))
        async with endpoint(server, serves_schema=False) as model:
            with pytest.raises(NotServed):
                await complete(model, asking(schema_=schema))
    assert [ask.body["response_format"]["json_schema"]["name"] for ask in server.calls] == ["Plan"]


async def test_too_long() -> None:
    """An answer that outgrows the cap is cut there and not asked for again."""
    text = " ".join(map(str, range(5_000)))
    async with ModelServer([Reply(text)]) as server, endpoint(server, max_answer_bytes=10_000) as model:
        with pytest.raises(ModelMisbehaved, match="more than 10,000 bytes"):
            await complete(model, asking())
        await server.idle()
    assert len(server.calls) == 1


async def test_models() -> None:
    """What is served is listed with its context length, where the server tells it."""
    async with ModelServer([], like=Manners(models=("a", "b"), max_model_len=4096)) as server, endpoint(server) as model:
        assert [(served.id, served.max_model_len) for served in await model.models()] == [("a", 4096), ("b", 4096)]


async def test_concurrency() -> None:
    """No more calls are under way than allowed; the others wait their turn, and a deadline holds in the queue too."""
    most = 0

    def answer(_: Any) -> Reply:
        nonlocal most
        most = max(most, server.open_calls)
        return Reply("x" * 40, delay=0.05)

    async with ModelServer(answer) as server, endpoint(server, concurrency=2) as model:
        await asyncio.gather(*(complete(model, asking()) for _ in range(6)))
        assert most <= 2
        waiting = [asyncio.create_task(complete(model, asking())) for _ in range(2)]
        await server.called(8)
        with pytest.raises(contract.ModelTimeout, match="our own queue"):
            await complete(model, asking(seconds=0.03))
        await asyncio.gather(*waiting)
    assert model.busy == 0


async def test_rate() -> None:
    """Calls over the rate wait; one whose deadline comes first is not made."""
    async with ModelServer(lambda ask: "x") as server, endpoint(server, requests_per_minute=2) as model:
        await asyncio.gather(complete(model, asking()), complete(model, asking()))
        with pytest.raises(contract.ModelTimeout):
            await complete(model, asking(seconds=0.2))
    assert len(server.calls) == 2


async def test_retry_after_beyond_the_deadline() -> None:
    """A server that asks for more patience than the call has is told at once, not waited for."""
    async with ModelServer([Reply(fault=Status(429, retry_after=60))]) as server, endpoint(server) as model:
        start = time.monotonic()
        with pytest.raises(ModelUnavailable, match=r"no time is left to wait 60.0 s"):
            await complete(model, asking(seconds=5))
    assert time.monotonic() - start < 1


def test_retry_after_forms() -> None:
    """Retry-After is read as seconds, as an HTTP date, and as nothing when it makes no sense."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    date = format_datetime(now + timedelta(seconds=30), usegmt=True)
    told = ["7", "1.5", date, format_datetime(now - timedelta(hours=1)), "soon", "-3", None, ""]
    assert [retry_after(value, now=now) for value in told] == [7, 1.5, 30, 0, 0, 0, 0, 0]
    assert retry_after("7", "250") == 0.25


async def test_connections_are_reused() -> None:
    """Calls one after the other go over one connection."""
    async with ModelServer(lambda ask: "x" * 100) as server, endpoint(server) as model:
        for _ in range(5):
            await complete(model, asking())
        assert server.open_connections == 1
