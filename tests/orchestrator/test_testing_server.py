"""The scripted model server, as real clients see it."""

import asyncio
import email.utils
import json
import math
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from soloist.testing import (
    LLAMA_CPP,
    OLLAMA,
    SGLANG,
    Ask,
    BadUtf8,
    Cut,
    Drip,
    Drop,
    ErrorEvent,
    Fault,
    Flood,
    Hang,
    Malformed,
    Manners,
    ModelServer,
    NoChoices,
    Reply,
    SlowStart,
    Status,
    ToolCall,
    Usage,
    When,
    WrongType,
)

QUESTION: Any = [{"role": "user", "content": "What is six times seven?"}]


@asynccontextmanager
async def client_of(server: ModelServer, key: str = "any") -> AsyncIterator[openai.AsyncOpenAI]:
    plain = openai.DefaultAsyncHttpxClient(verify=False)  # loading certificates takes most of a test's time
    async with openai.AsyncOpenAI(base_url=server.url, api_key=key, max_retries=0, timeout=10, http_client=plain) as client:
        yield client


async def ask(server: ModelServer, **more: Any) -> Any:
    async with client_of(server) as client:
        return await client.chat.completions.create(**{"model": "m", "messages": QUESTION, **more})


async def chunks(server: ModelServer, **more: Any) -> list[Any]:
    async with client_of(server) as client:
        stream = await client.chat.completions.create(**{"model": "m", "messages": QUESTION, "stream": True, **more})
        return [chunk async for chunk in stream]


async def until_broken(stream: Any) -> tuple[list[Any], Exception | None]:
    """What came, and what it ended with."""
    seen = []
    try:
        async for event in stream:
            seen.append(event)
    except openai.APIError as error:
        return seen, error
    return seen, None


def content(events: list[Any], index: int = 0) -> str:
    return "".join(c.delta.content or "" for event in events for c in event.choices if c.index == index)


@asynccontextmanager
async def posted(server: ModelServer, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    body = {"model": "m", "messages": QUESTION, **more}
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{server.url}/chat/completions", json=body) as response,
    ):
        yield response


def events_of(body: bytes) -> list[str]:
    return [line.removeprefix("data: ") for line in body.decode().split("\n\n") if line]


# Answers


async def test_replies_come_in_the_order_of_the_script() -> None:
    """Without conditions each call gets the next reply."""
    async with ModelServer(["one", Reply("two")]) as server:
        assert [(await ask(server)).choices[0].message.content for _ in range(2)] == ["one", "two"]
        assert [call.number for call in server.calls] == [1, 2]


async def test_a_stream_gives_the_text_in_pieces() -> None:
    """A streamed text comes in pieces of the reply's chunk size, whatever letters are in it."""
    async with ModelServer([Reply("Zweiundvierzig, 四十二", chunk=5)]) as server:
        events = await chunks(server)
    assert content(events) == "Zweiundvierzig, 四十二"
    assert max(len(event.choices[0].delta.content or "") for event in events) == 5
    assert events[-1].choices[0].finish_reason == "stop"


async def test_tool_calls_come_whole_and_in_pieces() -> None:
    """Tool calls have ids; when streamed, their arguments come in pieces that belong together by index."""
    calls = (ToolCall("read", {"path": "src/a_rather_long_name.py"}), ToolCall("run", '{"broken', id="mine"))
    async with ModelServer([Reply(tool_calls=calls, chunk=7, times=2)]) as server:
        whole = (await ask(server)).choices[0]
        events = await chunks(server)
    assert whole.finish_reason == "tool_calls"
    assert whole.message.content is None
    assert [(c.function.name, c.function.arguments) for c in whole.message.tool_calls] == [
        ("read", '{"path": "src/a_rather_long_name.py"}'),
        ("run", '{"broken'),
    ]
    assert whole.message.tool_calls[1].id == "mine"
    deltas = [call for event in events for call in event.choices[0].delta.tool_calls or ()]
    assert "".join(d.function.arguments for d in deltas if d.index == 0) == '{"path": "src/a_rather_long_name.py"}'
    assert "".join(d.function.arguments for d in deltas if d.index == 1) == '{"broken'
    assert len(deltas) > 5
    assert events[-1].choices[0].finish_reason == "tool_calls"


async def test_choices_of_a_stream_take_turns() -> None:
    """With `n`, the choices' pieces are interleaved, and a short choice ends while others go on."""
    async with ModelServer([Reply(choices=("aa", "bbbb", Reply("c" * 8, finish_reason="length")), chunk=2, times=2)]) as server:
        whole = await ask(server, n=3)
        events = await chunks(server, n=3)
    assert [c.message.content for c in whole.choices] == ["aa", "bbbb", "cccccccc"]
    assert [content(events, index) for index in range(3)] == ["aa", "bbbb", "cccccccc"]
    order = [event.choices[0].index for event in events if event.choices[0].delta.content or event.choices[0].finish_reason]
    assert order == [0, 1, 2, 0, 1, 2, 1, 2, 2, 2]
    assert {e.choices[0].index: e.choices[0].finish_reason for e in events} == {0: "stop", 1: "stop", 2: "length"}


async def test_servers_that_do_not_serve_n() -> None:
    """As Ollama does, `n` is passed over silently; or it is refused with a 400, which takes nothing from the script."""
    async with ModelServer(["x"], like=OLLAMA) as server:
        assert len((await ask(server, n=4)).choices) == 1
    async with ModelServer(["x"], like=LLAMA_CPP) as server:
        with pytest.raises(openai.BadRequestError):
            await ask(server, n=4)
        assert (await ask(server)).choices[0].message.content == "x"


async def test_logprobs_are_told_to_who_asks() -> None:
    """On demand each piece of thinking and text is told as a token with its log probability, of every choice its own."""
    choices = (Reply("bb", thinking="aa", logprobs=0.5), Reply("cccccc", logprobs=[-0.5, -1.0]), "dd")
    async with ModelServer([Reply(choices=choices, chunk=2, times=3)]) as server:
        whole = await ask(server, n=3, logprobs=True)
        events = await chunks(server, n=3, logprobs=True)
        unasked = await ask(server, n=3)
    streamed: list[list[Any]] = [[], [], []]
    for event in events:
        for choice in event.choices:
            streamed[choice.index] += choice.logprobs.content if choice.logprobs else []
    wanted = [[("aa", math.log(0.5)), ("bb", math.log(0.5))], [("cc", -0.5), ("cc", -1.0), ("cc", -0.5)], []]
    assert [[(token.token, token.logprob) for token in tokens] for tokens in streamed] == wanted
    told = [choice.logprobs.content if choice.logprobs else [] for choice in whole.choices]
    assert [[(token.token, token.logprob) for token in tokens] for tokens in told] == wanted
    assert [choice.logprobs for choice in unasked.choices] == [None, None, None]


@pytest.mark.parametrize("serves", [False, "refused"])
async def test_servers_that_do_not_tell_logprobs(serves: Any) -> None:
    """A server without logprobs sends null where they are asked for, or refuses them by name."""
    script = [Reply("hi", logprobs=0.9, times=None)]
    async with ModelServer(script, like=Manners(serves_logprobs=serves)) as server:
        if serves == "refused":
            with pytest.raises(openai.BadRequestError, match="logprobs"):
                await ask(server, logprobs=True)
        else:
            assert (await ask(server, logprobs=True)).choices[0].logprobs is None
        assert (await ask(server)).choices[0].message.content == "hi"


async def test_usage_is_counted_or_as_scripted_or_left_out() -> None:
    """Usage is always in a whole answer, in a stream when asked for, and nowhere with a server that sends none."""
    usage = Usage(prompt=100, completion=50, cached=64, thinking=30)
    async with ModelServer([Reply("x" * 40, times=None, usage=usage)]) as server:
        whole, plain = await ask(server), await chunks(server)
        counted = await chunks(server, stream_options={"include_usage": True})
    assert whole.usage.total_tokens == 150
    assert whole.usage.prompt_tokens_details.cached_tokens == 64
    assert whole.usage.completion_tokens_details.reasoning_tokens == 30
    assert all(event.usage is None for event in plain)
    assert counted[-1].choices == []
    assert counted[-1].usage == whole.usage
    async with ModelServer([Reply("x" * 40, thinking="y" * 80, times=None)]) as server:
        usage_counted = (await ask(server, n=2)).usage
    assert (usage_counted.completion_tokens, usage_counted.completion_tokens_details.reasoning_tokens) == (60, 40)
    async with ModelServer([Reply("x", usage=usage, times=None)], like=Manners(sends_usage=False)) as server:
        assert (await ask(server)).usage is None
        assert all(event.usage is None for event in await chunks(server, stream_options={"include_usage": True}))


@pytest.mark.parametrize(("like", "field"), [(Manners(), "reasoning"), (SGLANG, "reasoning_content")])
async def test_thinking_stands_in_the_field_of_the_server(like: Manners, field: str) -> None:
    """vLLM's or SGLang's field holds the thinking, and the content is without it."""
    async with ModelServer([Reply("42", thinking="Six sevens are forty-two.", times=2, chunk=4)], like=like) as server:
        message = (await ask(server)).choices[0].message
        events = await chunks(server)
    assert (message.content, getattr(message, field)) == ("42", "Six sevens are forty-two.")
    assert "".join(getattr(e.choices[0].delta, field, None) or "" for e in events) == "Six sevens are forty-two."
    assert content(events) == "42"


async def test_thinking_inline_and_cut() -> None:
    """Inline thinking stands between its tags in the content; a trace that was cut is not closed."""
    script = [Reply("42", thinking="Hm."), Reply(thinking="Hm, hm", finish_reason="length"), Reply("4", thinking="So.")]
    async with ModelServer(script, like=Manners(reasoning="inline")) as server:
        assert (await ask(server)).choices[0].message.content == "<think>Hm.</think>42"
        cut = (await ask(server)).choices[0]
        assert (cut.message.content, cut.finish_reason) == ("<think>Hm, hm", "length")
        assert content(await chunks(server)) == "<think>So.</think>4"


async def test_responses_whole_and_streamed() -> None:
    """The responses endpoint gives thinking, text and function calls as output items, whole and in events."""
    reply = Reply("Let me look.", thinking="A file.", tool_calls=(ToolCall("read", {"path": "a.py"}),), chunk=4, times=2)
    async with ModelServer([reply]) as server, client_of(server) as client:
        whole = await client.responses.create(model="m", input="Look.", instructions="Be short.")
        async with client.responses.stream(model="m", input="Look.") as stream:
            events = [event async for event in stream]
            last = await stream.get_final_response()
    assert server.calls[0].messages == [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Look."}]
    for response in (whole, last):
        assert response.output_text == "Let me look."
        assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]
        assert response.output[2].arguments == '{"path": "a.py"}'  # type: ignore[union-attr]
        assert response.usage is not None
    kinds = [event.type for event in events]
    wanted = ["created", "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "output_item.done"]
    assert [kind for kind in wanted if f"response.{kind}" not in kinds] == []
    assert kinds[-1] == "response.completed"
    assert kinds.count("response.output_text.delta") == 3
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_a_response_at_its_limit_is_incomplete() -> None:
    """finish_reason "length" is the responses endpoint's incomplete."""
    async with ModelServer([Reply("x", finish_reason="length")]) as server, client_of(server) as client:
        events = [event async for event in await client.responses.create(model="m", input="?", stream=True)]
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details is not None


async def test_the_list_of_models() -> None:
    """Models are listed with their context length, and a name that is not served is not found."""
    async with ModelServer(["x"], like=Manners(models=("big", "small"), max_model_len=4096)) as server:
        async with client_of(server) as client:
            listed = [model async for model in client.models.list()]
        assert [(model.id, model.max_model_len) for model in listed] == [("big", 4096), ("small", 4096)]  # type: ignore[attr-defined]
        with pytest.raises(openai.NotFoundError):
            await ask(server, model="other")
        assert (await ask(server, model="small")).choices[0].message.content == "x"


async def test_a_key_can_be_demanded_and_pages_added() -> None:
    """A request without the right key gets a 401; further pages are served as given."""
    async with ModelServer(["x"], like=Manners(api_key="sesame", pages={"/props": {"n_ctx": 4096}})) as server:
        with pytest.raises(openai.AuthenticationError):
            await ask(server)
        async with client_of(server, "sesame") as client, aiohttp.ClientSession() as session:
            assert (await client.chat.completions.create(model="m", messages=QUESTION)).choices
            headers = {"Authorization": "Bearer sesame"}
            async with session.get(server.url.removesuffix("/v1") + "/props", headers=headers) as page:
                assert await page.json() == {"n_ctx": 4096}


# Scripts


async def test_concurrent_calls_get_the_replies_that_fit_them() -> None:
    """Conditions on model, role and text pick the right reply in any order of calls."""
    script = [
        Reply("plan", when=When(model="planner", role="user")),
        Reply("seen", when=When(model="planner", role="tool", anywhere="Look at a.py")),
        Reply("add", when=When(last=r"\badd\b")),
        Reply("sub", when=When(last=r"\bsub\b")),
    ]
    tool_turn = [{"role": "user", "content": "Look at a.py"}, {"role": "tool", "tool_call_id": "1", "content": "x = 1"}]
    async with ModelServer(script) as server:
        answers = await asyncio.gather(
            ask(server, messages=[{"role": "user", "content": [{"type": "text", "text": "write sub"}]}]),
            ask(server, model="planner", messages=tool_turn),
            ask(server, messages=[{"role": "user", "content": "write add"}]),
            ask(server, model="planner"),
        )
    assert [answer.choices[0].message.content for answer in answers] == ["sub", "seen", "add", "plan"]


async def test_a_function_can_be_the_script() -> None:
    """A function sees the parsed request and answers it, at once or later."""

    async def answer(ask: Ask) -> Reply | str:
        await asyncio.sleep(0)
        return f"{ask.number} {ask.model} {ask.n} {ask.stream} {ask.last} {ask.tools[0]['function']['name']} {ask.body['seed']}"

    tools = [{"type": "function", "function": {"name": "run", "parameters": {}}}]
    async with ModelServer(answer) as server:
        said = (await ask(server, tools=tools, seed=7)).choices[0].message.content
    assert said == "1 m 1 False What is six times seven? run 7"


async def test_an_unscripted_call_is_a_clear_500() -> None:
    """A call that nothing fits is told so by number and text, and the server remembers."""
    async with ModelServer(["only one"]) as server:
        await ask(server)
        with pytest.raises(openai.InternalServerError, match=r"call 2 .*six times seven.*: all 1 replies are used up"):
            await ask(server)
        assert len(server.unexpected) == 1

    def broken(ask: Ask) -> Reply:
        raise KeyError("oops")

    async with ModelServer(broken) as server:
        with pytest.raises(openai.InternalServerError, match=r"call 1 .* raised KeyError"):
            await ask(server)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": []}', b'{"messages": ["x"]}', b'{"messages": [{}], "n": "x"}'])
async def test_a_request_that_cannot_be_read_is_a_400(body: bytes) -> None:
    """Nonsense is refused, remembered, and counts as no call."""
    async with ModelServer(["x"]) as server, aiohttp.ClientSession() as session:
        async with session.post(f"{server.url}/chat/completions", data=body) as response:
            assert response.status == 400
        assert len(server.unexpected) == 1
        assert server.calls == []


# Faults


@pytest.mark.parametrize("code", [408, 409, 429, 500, 503])
async def test_an_error_status_spoils_one_call_and_no_reply(code: int) -> None:
    """The numbered call gets the status; the next gets the reply that was meant for it."""
    async with ModelServer(["first", "second"], faults={2: Status(code)}) as server:
        assert (await ask(server)).choices[0].message.content == "first"
        with pytest.raises(openai.APIStatusError) as caught:
            await ask(server)
        assert caught.value.status_code == code
        assert (await ask(server)).choices[0].message.content == "second"
        assert not server.unexpected


async def test_retry_after_in_seconds_and_as_a_date() -> None:
    """Retry-After comes in either of its forms."""
    faults: dict[int, Fault] = {1: Status(429, retry_after=0.5), 2: Status(429, retry_after=30, as_date=True)}
    async with ModelServer([], faults=faults) as server:
        async with posted(server) as response:
            assert response.headers["Retry-After"] == "0.5"
        async with posted(server) as response:
            date = email.utils.parsedate_to_datetime(response.headers["Retry-After"])
            assert 25 < date.timestamp() - time.time() <= 31


async def test_a_fault_of_a_reply_uses_the_reply_up() -> None:
    """A reply's own fault is part of the script."""
    async with ModelServer([Reply(fault=Status(500)), "next"]) as server:
        with pytest.raises(openai.InternalServerError):
            await ask(server)
        assert (await ask(server)).choices[0].message.content == "next"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_slow_start_delays_the_headers(stream: bool) -> None:
    """The first byte is late, the answer complete, and the reply used up."""
    async with ModelServer(["x", "y"], faults={1: SlowStart(0.2)}) as server:
        begun = time.monotonic()
        async with posted(server, stream=stream) as response:
            assert time.monotonic() - begun >= 0.2
            assert b'"x"' in await response.read()
        assert (await ask(server)).choices[0].message.content == "y"


async def test_a_client_too_impatient_for_a_slow_start_finds_the_reply_again() -> None:
    """Giving up on a slow call counts as a spoiled one."""
    async with ModelServer(["x"], faults={1: SlowStart(30)}) as server:
        async with client_of(server) as client:
            with pytest.raises(openai.APITimeoutError):
                await client.with_options(timeout=0.2).chat.completions.create(model="m", messages=QUESTION)
        await server.idle()
        assert (await ask(server)).choices[0].message.content == "x"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_drip_sends_piece_after_piece(stream: bool) -> None:
    """Every piece is late, in a stream and in a whole body."""
    async with (
        ModelServer([Reply("abcdef", chunk=1)], faults={1: Drip(0.02)}) as server,
        posted(server, stream=stream) as response,
    ):
        times = [time.monotonic() async for _ in response.content.iter_any()]
    assert len(times) >= 6
    assert times[-1] - times[0] >= 0.1


@pytest.mark.parametrize("reset", [False, True])
async def test_a_cut_stream_breaks_after_its_pieces(reset: bool) -> None:
    """The pieces before the cut arrive, then the connection breaks; the whole reply is there for the retry."""
    async with ModelServer([Reply("abcdef", chunk=2)], faults={1: Cut(after=2, reset=reset)}) as server:
        async with client_of(server) as client:
            seen, error = await until_broken(await client.chat.completions.create(model="m", messages=QUESTION, stream=True))
        assert content(seen) == "abcd"
        assert error is not None
        assert not server.calls[0].hung_up
        assert content(await chunks(server)) == "abcdef"


async def test_a_cut_never_lets_a_stream_end() -> None:
    """However late the cut, the finish never arrives."""
    async with ModelServer([Reply("abc", fault=Cut(after=99))]) as server, client_of(server) as client:
        seen, error = await until_broken(await client.chat.completions.create(model="m", messages=QUESTION, stream=True))
    assert content(seen) == "abc"
    assert error is not None
    assert all(chunk.choices[0].finish_reason is None for chunk in seen)


@pytest.mark.parametrize("fault", [Cut(), Drop(), Drop(reset=True)])
async def test_a_whole_answer_can_break_off(fault: Fault) -> None:
    """A body shorter than its Content-Length, or no answer at all."""
    async with ModelServer(["x"], faults={1: fault}) as server:
        with pytest.raises(openai.APIConnectionError):
            await ask(server)
        assert (await ask(server)).choices[0].message.content == "x"


async def test_malformed_json_whole_and_in_one_event() -> None:
    """JSON breaks off inside a proper response, or in one event of a stream that goes on."""
    async with ModelServer([Reply("abcdef", chunk=2)], faults={1: Malformed(), 2: Malformed(at=2)}) as server:
        async with posted(server) as response:
            with pytest.raises(json.JSONDecodeError):
                json.loads(await response.read())
        async with posted(server, stream=True) as response:
            events = events_of(await response.read())
    parsed = []
    for event in events:
        try:
            parsed.append(json.loads(event) is not None)
        except json.JSONDecodeError:
            parsed.append(False)
    assert parsed == [True, True, False, True, True, False]  # opening, "ab", broken, "ef", finish, [DONE]


async def test_an_error_where_an_answer_should_be() -> None:
    """An error comes under status 200, as the body or after some pieces of a stream."""
    async with ModelServer([Reply("abcdef", chunk=2)], faults={1: ErrorEvent(), 2: ErrorEvent(message="overloaded")}) as server:
        async with posted(server) as response:
            assert "error" in await response.json()
        with pytest.raises(openai.APIError, match="overloaded"):
            await chunks(server)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_page_of_html(stream: bool) -> None:
    """A wrong content type comes with status 200."""
    async with ModelServer([], faults={1: WrongType()}) as server, posted(server, stream=stream) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert b"<html>" in await response.read()


async def test_no_choices() -> None:
    """An answer without choices is well-formed."""
    async with ModelServer([], faults={1: NoChoices(), 2: NoChoices(), 3: NoChoices()}) as server:
        assert (await ask(server)).choices == []
        assert [event.choices for event in await chunks(server)] == [[]]
        async with client_of(server) as client:
            assert (await client.responses.create(model="m", input="?")).output == []


@pytest.mark.parametrize("stream", [False, True])
async def test_a_flood_of_40_megabytes(stream: bool) -> None:
    """The answer is as long as ordered, well-formed, and the rest of it ends with the client."""
    async with ModelServer([], faults={1: Flood(), 2: Flood()}) as server:
        async with posted(server, stream=stream) as response:
            body = await response.read()
        if stream:
            texts = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events_of(body)[:-1]]
            assert sum(map(len, texts)) == 40_000_000
        else:
            assert len(json.loads(body)["choices"][0]["message"]["content"]) == 40_000_000
        async with posted(server, stream=stream) as response:
            await response.content.read(1000)
            response.close()
        await server.idle()
        assert [call.hung_up for call in server.calls] == [False, True]


@pytest.mark.parametrize("stream", [False, True])
async def test_invalid_utf8(stream: bool) -> None:
    """The bytes of the text can't be decoded."""
    async with ModelServer([], faults={1: BadUtf8()}) as server, posted(server, stream=stream) as response:
        with pytest.raises(UnicodeDecodeError):
            (await response.read()).decode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("after", [None, 1])
async def test_a_hang_ends_with_the_client(stream: bool, after: int | None) -> None:
    """Nothing comes (any more) until the client gives up; then the call is closed and known as hung up."""
    async with ModelServer(["a long enough answer"], faults={1: Hang(after)}) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), posted(server, stream=stream) as response:
                await response.read()
        await server.idle()
        assert server.calls[0].hung_up
        assert server.open_connections == 0


async def test_faults_of_the_list_of_models() -> None:
    """The list of models can fail too."""
    async with ModelServer([], models_fault=Status(503)) as server, client_of(server) as client:
        with pytest.raises(openai.InternalServerError):
            await client.models.list()
    async with ModelServer([], models_fault=NoChoices()) as server, client_of(server) as client:
        assert [model async for model in client.models.list()] == []


@pytest.mark.parametrize("fault", [Cut(after=1), Malformed(), NoChoices(), Flood(1), BadUtf8(), Drip(0.001), ErrorEvent()])
async def test_faults_in_streams_of_responses(fault: Fault) -> None:
    """Faults spoil the responses endpoint's streams in the same way."""
    async with ModelServer([Reply("abcdef", chunk=2)], faults={1: fault}) as server, aiohttp.ClientSession() as session:
        body = b""
        broken = False
        async with session.post(f"{server.url}/responses", json={"model": "m", "input": "?", "stream": True}) as response:
            try:
                async for piece in response.content.iter_any():
                    body += piece
            except aiohttp.ClientPayloadError:
                broken = True
    assert broken == isinstance(fault, Cut)
    complete = not isinstance(fault, Cut | ErrorEvent)
    assert (b"event: response.completed" in body) == complete
    assert len(body) > 1_000_000 if isinstance(fault, Flood) else len(body) < 10_000


# The record


async def test_cancelling_a_call_closes_its_connection() -> None:
    """A client that leaves a stream midway is seen to have hung up; one that reads to the end is not."""
    async with ModelServer([Reply("x" * 1000, chunk=10, delay=0.01), "y"]) as server:
        async with client_of(server) as client:
            stream = await client.chat.completions.create(model="m", messages=QUESTION, stream=True)
            await anext(aiter(stream))
            assert server.open_calls == 1
            assert server.calls[0].ended is None
            await stream.close()
            await server.idle(2)
        await ask(server)
        assert [call.hung_up for call in server.calls] == [True, False]
        assert all(call.ended is not None and call.ended >= call.started for call in server.calls)


async def test_a_connection_serves_many_calls() -> None:
    """Calls one after another share a connection, whole or streamed."""
    async with ModelServer([Reply("x", times=None)]) as server, client_of(server) as client:
        for number in range(4):
            given: Any = {"stream": True} if number % 2 else {}
            answer = await client.chat.completions.create(model="m", messages=QUESTION, **given)
            if number % 2:
                assert content([event async for event in answer]) == "x"
        assert server.open_connections == 1


async def test_64_streams_at_once() -> None:
    """64 streams run side by side: paced pieces do not wait for each other."""
    async with ModelServer([Reply("x" * 100, chunk=10, delay=0.02, times=None)]) as server:

        async def read(session: aiohttp.ClientSession) -> int:
            body = {"model": "m", "messages": QUESTION, "stream": True}
            async with session.post(f"{server.url}/chat/completions", json=body) as response:
                return len(events_of(await response.read()))

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            begun = time.monotonic()
            counts = await asyncio.gather(*(read(session) for _ in range(64)))
            took = time.monotonic() - begun
    assert counts == [13] * 64
    assert len(server.calls) == 64
    assert took < 64 * 0.22 / 4  # one after another they would take 14 s


async def test_closing_the_server_ends_what_hangs() -> None:
    """The server closes at once though a call hangs; that was not the client's doing."""
    async with ModelServer([], faults={1: Hang()}) as server:
        waiting = asyncio.create_task(ask(server))
        await server.called()
    with pytest.raises(openai.APIConnectionError):
        await waiting
    assert server.open_calls == 0
    assert not server.calls[0].hung_up


# In a thread, and from a file


def test_a_server_in_a_thread_serves_code_that_is_not_async() -> None:
    """The same server runs beside synchronous code."""
    with ModelServer.running(["x"], like=replace(OLLAMA, models=("tiny",)), faults={1: Status(500)}) as server:
        with openai.OpenAI(base_url=server.url, api_key="any", max_retries=1) as client:
            assert client.chat.completions.create(model="tiny", messages=QUESTION).choices[0].message.content == "x"
        assert [call.number for call in server.calls] == [1, 2]


def test_a_taken_port_is_an_error_where_the_server_is_started() -> None:
    """A port that is in use is told at once, not lost in the thread."""
    with ModelServer.running([]) as server:
        port = int(server.url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="in use"), ModelServer.running([], port=port):
            pass


SCRIPT = """
models = ["planner", "tiny"]
reasoning = "reasoning_content"
[faults]
1 = { kind = "Status", code = 503, retry_after = 0.01 }
[[reply]]
when = { model = "planner" }
tool_calls = [{ name = "read", arguments = { path = "a.py" } }]
usage = { prompt = 3, completion = 2 }
[[reply]]
times = 0
thinking = "Hm."
choices = ["first", { text = "second", finish_reason = "length" }]
"""


def test_a_script_file_from_the_command_line(tmp_path: Path) -> None:
    """`python -m soloist.testing` prints its address and serves the file's script."""
    (tmp_path / "script.toml").write_text(SCRIPT)
    command = [sys.executable, "-m", "soloist.testing", str(tmp_path / "script.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with openai.OpenAI(base_url=url, api_key="any", max_retries=1) as client:
                planned = client.chat.completions.create(model="planner", messages=QUESTION)
                drawn = [client.chat.completions.create(model="tiny", messages=QUESTION, n=2) for _ in range(2)]
        finally:
            process.terminate()
            process.wait(10)
    calls = planned.choices[0].message.tool_calls or []
    assert [call.function.arguments for call in calls] == ['{"path": "a.py"}']  # type: ignore[union-attr]
    assert planned.usage is not None
    assert planned.usage.total_tokens == 5
    for answer in drawn:
        assert [(c.message.content, c.finish_reason) for c in answer.choices] == [("first", "stop"), ("second", "length")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"reply": ["a", {"txt": "b"}]}', "reply 2: txt is not known; there are text, "),
        ('{"faults": {"2": {"kind": "Explode"}}}', "faults.2: kind is one of Status, "),
        ('{"reply": [{"text": "b", "chunk": 0}]}', "reply 1: a reply's chunk is at least 1"),
        ('{"reply": [{"text": "b", "logprobs": 0}]}', "reply 1: a reply's logprobs are a probability over 0"),
        ('{"reply": [{"when": {"last": "("}}]}', "reply 1, when: '(' is no regular expression"),
        ('{"serve_n": false}', "the file: serve_n is not known; there are models, "),
    ],
)
def test_a_script_file_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Unknown names are refused with the place they stand at."""
    file = tmp_path / "script.json"
    file.write_text(text)
    done = subprocess.run([sys.executable, "-m", "soloist.testing", str(file)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_importing_it_is_cheap() -> None:
    """No heavy module is loaded with the server."""
    code = "import soloist.testing, sys; print([m for m in sys.modules if m in ('pytest', 'openai', 'pydantic', 'aiohttp')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.stdout.strip() == "[]"
