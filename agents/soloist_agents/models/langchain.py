"""Any LangChain chat model as our `Model`."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import Runnable
from pydantic import SecretStr

from soloist_agents.models.answer import Answer, Choice
from soloist_agents.models.contract import (
    Message,
    ModelMisbehaved,
    ModelTimeout,
    ModelUnavailable,
    Request,
    Spent,
    StreamEvent,
    Usage,
)
from soloist_agents.models.failures import AttemptFailed, Failure, NotServed, RequestRefused, fleeting, redactor
from soloist_agents.models.merging import merged
from soloist_agents.models.retrying import Backoff, persist
from soloist_agents.models.server_events import Garbled, TooMuch
from soloist_agents.models.thinking import Splitter
from soloist_agents.models.tokens import attributed, estimated_usage

Chat = Runnable[LanguageModelInput, AIMessage]
ENDS = ("finish_reason", "stop_reason", "done_reason")
"""Where providers' messages say how they ended."""


class ChatModel:
    """A `Model` over a LangChain `BaseChatModel`, whoever serves it.

    It takes no JSON schema (`structured` then uses a tool) and no prefix, and tells no confidence: `Request.logprobs` is ignored.
    """

    def __init__(
        self,
        chat: BaseChatModel,
        name: str = "",
        *,
        retries: int = 2,
        backoff_seconds: float = 0.5,
        stall_seconds: float = 300.0,
        max_answer_bytes: int = 8_000_000,
    ) -> None:
        """`name`: for prices and the ledger; by default the chat model's own. The rest as in `EndpointSettings`."""
        self.chat = chat
        self._name = name or str(getattr(chat, "model_name", "") or getattr(chat, "model", "") or chat.get_name())
        self._backoff = Backoff(retries, first=backoff_seconds)
        self._stall = stall_seconds
        self._largest = max_answer_bytes
        secrets = [value for _, value in chat if isinstance(value, SecretStr)]
        self._redact = redactor(secret.get_secret_value() for secret in secrets)

    @property
    def name(self) -> str:
        """The model's id."""
        return self._name

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """See `Model.stream`. Raises `ModelError`, and `ValueError` for a prefix."""
        if request.schema_ is not None:
            raise NotServed(f"{self.name} is a LangChain model: it is asked for structure by a tool, not by a JSON schema")
        if request.messages[-1].prefix:
            raise ValueError("a LangChain model can't continue an answer")
        deadline = asyncio.get_running_loop().time() + request.seconds
        attempt = partial(self._attempt, request, deadline)
        singles = [persist(attempt, (index,), self._backoff, deadline) for index in range(request.n)]
        async with contextlib.aclosing(merged(singles) if request.n > 1 else singles[0]) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Nothing to close: the chat model belongs to whoever made it."""

    async def _attempt(self, request: Request, deadline: float, indices: tuple[int, ...]) -> AsyncGenerator[StreamEvent, None]:
        answer = Answer([Choice(indices[0], Splitter())], self._largest)
        failure: Failure | None = None
        usage: UsageMetadata | None = None
        told = False
        try:
            chunks = self._bound(request).astream(_messages(request.messages), **_sampling(request, indices[0]))
            async with contextlib.aclosing(self._chunks(chunks, deadline)) as received:
                async for chunk in received:
                    answer.opened = True
                    usage = add_usage(usage, getattr(chunk, "usage_metadata", None))
                    for event in answer.take({**_piece(chunk), "usage": _usage(usage)}):
                        yield event
                    told |= _reason(chunk) is not None
                    if answer.looped:
                        break
            # LangChain ends every stream with an empty chunk: only a reason makes that an answer.
            for completion in answer.end(by_word=told or answer.begun):
                yield completion
        except AttemptFailed as failed:
            failure = failed.failure
        except Garbled as wrong:
            failure = self._failure(wrong, deadline)
        if answer.opened:
            yield Spent(usage=_spent(answer, request))
        if failure is None and not answer.complete:
            failure = Failure(ModelMisbehaved(f"{self.name} sent no answer"))
        if failure is not None and not answer.complete:
            raise AttemptFailed(failure)

    def _bound(self, request: Request) -> Chat:
        if not request.tools:
            return self.chat
        tools: list[dict[str, Any]] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
            }
            for tool in request.tools
        ]
        choice = {"required": "any", "none": "none"}.get(request.tool_choice or "")
        return self.chat.bind_tools(tools, tool_choice=choice) if choice else self.chat.bind_tools(tools)

    async def _chunks(self, chunks: AsyncIterator[Any], deadline: float) -> AsyncGenerator[BaseMessage, None]:
        loop = asyncio.get_running_loop()
        failure: Failure | None = None
        try:
            while failure is None:
                try:
                    async with asyncio.timeout_at(min(loop.time() + self._stall, deadline)):
                        chunk = await anext(chunks, None)
                except Exception as error:  # Whatever the provider's package raises.
                    failure = self._failure(error, deadline)
                    continue
                if chunk is None:
                    return
                yield chunk
        finally:
            if isinstance(chunks, AsyncGenerator):
                with contextlib.suppress(Exception):
                    await chunks.aclose()
        raise AttemptFailed(failure)

    def _failure(self, error: Exception, deadline: float) -> Failure:
        late = asyncio.get_running_loop().time() >= deadline - 0.01
        if isinstance(error, TimeoutError) and late:
            told = f"{self.name} had not finished at the call's deadline: allow more seconds or fewer tokens"
            return Failure(ModelTimeout(told), again=False)
        if isinstance(error, TooMuch):
            return Failure(ModelMisbehaved(f"{self.name} sent too long an answer: set max_tokens"), again=False)
        said = f"{self.name}: {self._redact(f'{type(error).__name__}: {error}')}"
        if isinstance(error, ValueError) and not hasattr(error, "status_code"):
            return Failure(ModelMisbehaved(said))
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        if not isinstance(status, int) or fleeting(status):
            return Failure(ModelUnavailable(said))
        return Failure((RequestRefused if status in (400, 413, 422) else ModelUnavailable)(said), again=False, status=status)


def _messages(messages: Sequence[Message]) -> list[BaseMessage]:
    return [_message(message) for message in messages]


def _message(message: Message) -> BaseMessage:
    if message.role == "system":
        return SystemMessage(message.content)
    if message.role == "user":
        return HumanMessage(message.content)
    if message.role == "tool":
        return ToolMessage(message.content, tool_call_id=message.tool_call_id)
    calls = [{"id": call.id, "name": call.name, "args": _arguments(call.arguments)} for call in message.tool_calls]
    return AIMessage(message.content, tool_calls=calls)


def _arguments(text: str) -> dict[str, Any]:
    """Malformed ones are wrapped: LangChain drops such a call on the way, and then its answer answers nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"malformed": text}


def _sampling(request: Request, index: int) -> dict[str, Any]:
    sampling = request.sampling
    seed = None if sampling.seed is None else sampling.seed + index
    stop = list(sampling.stop) or None
    fields = {"temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_tokens}
    given = {**fields, "stop": stop, "seed": seed}
    return {**{key: value for key, value in given.items() if value is not None}, **sampling.extra}


def _piece(message: BaseMessage) -> Mapping[str, Any]:
    """A message, or a chunk of one, in the form that servers send: so both are read by the same code."""
    calls: list[dict[str, Any]] = []
    if isinstance(message, AIMessageChunk):
        calls = [_call(call["id"], call["name"], call["args"], call["index"]) for call in message.tool_call_chunks]
    elif isinstance(message, AIMessage):
        whole = [*message.tool_calls, *message.invalid_tool_calls]
        calls = [_call(call["id"], call["name"], call["args"], place) for place, call in enumerate(whole)]
    delta = {
        "content": _content(message.content),
        "reasoning": message.additional_kwargs.get("reasoning_content") or message.additional_kwargs.get("reasoning"),
        "tool_calls": calls,
    }
    reason = _reason(message)
    # A chunk's own reason may come before its last text, so only the stream's end ends it, unless it was cut.
    cut = str(reason).lower() in ("length", "max_tokens", "content_filter", "safety")
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": str(reason).lower() if cut else None}]}


def _reason(message: BaseMessage) -> object:
    return next((message.response_metadata[key] for key in ENDS if message.response_metadata.get(key)), None)


def _call(id_: str | None, name: str | None, arguments: object, index: object) -> dict[str, Any]:
    return {"id": id_, "index": index, "function": {"name": name, "arguments": arguments}}


def _content(content: object) -> object:
    """Text, or blocks of which the tool calls are told elsewhere."""
    if not isinstance(content, list):
        return content
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    return [
        {"type": "thinking", "thinking": block.get("thinking") or block.get("reasoning") or ""}
        if block.get("type") in ("thinking", "reasoning")
        else block
        for block in blocks
        if block.get("type") in ("text", "thinking", "reasoning")
    ]


def _usage(told: UsageMetadata) -> dict[str, Any] | None:
    if not told["total_tokens"]:
        return None
    return {
        "prompt_tokens": told["input_tokens"],
        "completion_tokens": told["output_tokens"],
        "prompt_tokens_details": {"cached_tokens": (told.get("input_token_details") or {}).get("cache_read")},
        "completion_tokens_details": {"reasoning_tokens": (told.get("output_token_details") or {}).get("reasoning")},
    }


def _spent(answer: Answer, request: Request) -> Usage:
    thinking, said = answer.so_far
    return estimated_usage(request, thinking, said) if answer.usage is None else attributed(answer.usage, thinking, said)
