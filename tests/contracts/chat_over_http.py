"""A LangChain chat model as a provider's package would be: over HTTP, with its own classes and errors."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import SecretStr


class ChatOverHttp(BaseChatModel):
    """Streams chat completions."""

    base_url: str
    model: str = "scripted"
    api_key: SecretStr = SecretStr("any-key")

    @property
    def _llm_type(self) -> str:
        return "over-http"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **rest: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        choice = {"tool_choice": "required" if tool_choice == "any" else tool_choice} if tool_choice else {}
        return self.bind(tools=list(tools), **choice, **rest)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **rest: Any,
    ) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **rest: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        fields = {**rest, **({"stop": stop} if stop else {})}
        http = DefaultAsyncHttpxClient(verify=False)
        key = self.api_key.get_secret_value()
        async with AsyncOpenAI(base_url=self.base_url, api_key=key, max_retries=0, http_client=http) as client:
            stream = await client.chat.completions.create(
                model=self.model,
                messages=convert_to_openai_messages(messages),
                stream=True,
                stream_options={"include_usage": True},
                **fields,
            )
            async with stream:
                async for piece in stream:
                    yield ChatGenerationChunk(message=_chunk(piece.model_dump()))


def _chunk(piece: dict[str, Any]) -> AIMessageChunk:
    delta = piece["choices"][0]["delta"] if piece["choices"] else {}
    usage = piece.get("usage")
    return AIMessageChunk(
        content=delta.get("content") or "",
        additional_kwargs={"reasoning_content": delta["reasoning"]} if delta.get("reasoning") else {},
        tool_call_chunks=[
            {
                "id": call["id"],
                "index": call["index"],
                "name": call["function"]["name"],
                "args": call["function"]["arguments"],
                "type": "tool_call_chunk",
            }
            for call in delta.get("tool_calls") or ()
        ],
        response_metadata={"finish_reason": piece["choices"][0]["finish_reason"]} if piece["choices"] else {},
        usage_metadata={
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "total_tokens": usage["total_tokens"],
            "output_token_details": {"reasoning": usage["completion_tokens_details"]["reasoning_tokens"]},
        }
        if usage
        else None,
    )
