"""What a model is: the values that go in and come out, the protocol, and the errors.

    ModelError (RuntimeError)
    ├── ModelUnavailable     can't be reached, refuses the key, does not serve the model, or retries are used up
    ├── ModelTimeout         the request's deadline has passed
    ├── ModelMisbehaved      it answers, but not in the protocol: malformed JSON, no choices, too much text
    └── BudgetSpent          a cap on tokens or money is reached (see `ledger`)

Each error's text is one line: which endpoint, what happened, what to do. None of them ever holds a key.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Literal, Protocol

from pydantic import Field
from soloist_sandbox.contract import Value

Role = Literal["system", "user", "assistant", "tool"]

Finish = Literal["stop", "length", "tool_calls", "filtered", "loop"]
"""How a choice ended: by itself; at its token limit; to have tools called; by the server's filter; cut by us in a repetition."""


class ModelError(RuntimeError):
    """A model could not serve. The text is one line that says what to do."""


class ModelUnavailable(ModelError):
    """No answer can be had from the endpoint."""


class ModelTimeout(ModelError):
    """The deadline has passed before the answer was complete."""


class ModelMisbehaved(ModelError):
    """The endpoint answered outside the protocol."""


class BudgetSpent(ModelError):
    """A cap on tokens or money is reached; no further call is made."""


class ToolRequest(Value):
    """A tool call as the model wrote it."""

    id: str
    name: str
    arguments: str
    """JSON text, not parsed: it may be malformed, and then it is shown back to the model as it stands."""


class Message(Value):
    """One turn of a conversation. A thinking trace never stands in one, except in `prefix` for the model that thought it."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolRequest, ...] = ()
    tool_call_id: str = ""
    """For role "tool": which call this answers."""
    prefix: bool = False
    """For the last message, role "assistant": the answer's beginning, to be continued."""


class ToolSpec(Value):
    """A tool that the model may call."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments."""


class Schema(Value):
    """The form that the answer must have."""

    name: str
    schema_: Mapping[str, Any]
    """JSON schema."""


class Sampling(Value):
    """How to sample. None leaves it to the server."""

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    """Thinking and answer together."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    extra: Mapping[str, Any] = Field(default_factory=dict)
    """Further fields of the request's body, as the server knows them, for example {"top_k": 40}."""


class Request(Value):
    """One call."""

    messages: tuple[Message, ...] = Field(min_length=1)
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "required", "none"] | None = None
    schema_: Schema | None = None
    sampling: Sampling = Sampling()
    n: int = Field(default=1, ge=1)
    """How many independent choices."""
    logprobs: bool = False
    """Ask how likely each token was, for `Completion.confidence`. A server that can't tell answers all the same."""
    seconds: float = Field(default=600.0, gt=0)
    """Deadline for the whole call, retries included."""
    role: str = ""
    """For the ledger: "planner" or "specialist"."""
    step: str = ""
    """For the ledger: the step's id, or "gather", "plan"."""


class Usage(Value):
    """Tokens of one or more calls."""

    prompt: int = 0
    """Of which `cached` came from the server's prefix cache."""
    cached: int = 0
    thinking: int = 0
    answer: int = 0
    """Final answer and tool calls, without thinking."""
    estimated: bool = False
    """True when any part was not reported by a server."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt=self.prompt + other.prompt,
            cached=self.cached + other.cached,
            thinking=self.thinking + other.thinking,
            answer=self.answer + other.answer,
            estimated=self.estimated or other.estimated,
        )

    @property
    def total(self) -> int:
        """All tokens, prompt included."""
        return self.prompt + self.thinking + self.answer


class Delta(Value):
    """A piece of one choice, as it comes."""

    index: int = 0
    content: str = ""
    """Final answer's text; thinking is split off already."""
    thinking: str = ""


class Restarted(Value):
    """The stream broke and the call is made again: what came so far for these choices is void."""

    indices: tuple[int, ...]
    why: str


class Completion(Value):
    """One choice, complete."""

    index: int = 0
    content: str = ""
    """The final answer without any thinking."""
    thinking: str = Field(default="", exclude=True, repr=False)
    """For continuing the same trace on the same model only; never kept, logged or shown to another model."""
    thought: bool = True
    """False when a thinking trace was begun and never closed: there is no final answer."""
    tool_calls: tuple[ToolRequest, ...] = ()
    finish: Finish = "stop"
    confidence: float | None = Field(default=None, gt=0, le=1)
    """Mean probability of the choice's tokens, thinking included: their geometric mean, exp(mean of the logprobs). None where it
    was not asked for (`Request.logprobs`) or not told. It ranks traces of one model, as DeepConf does (Fu et al. 2025, arXiv
    2508.15260); there a token's confidence is the negative mean logprob of its k likeliest candidates, here it is the logprob of
    the token itself, which every server that tells logprobs gives."""


class Spent(Value):
    """Tokens that one attempt has used; comes after its completions, or before a `Restarted`."""

    usage: Usage


StreamEvent = Delta | Restarted | Completion | Spent


class Model(Protocol):
    """A language model. Every implementation passes the same contract suite."""

    @property
    def name(self) -> str:
        """The model's id, as prices and the ledger know it."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Pieces as they come, a `Completion` for each choice when it ends, and what was `Spent`.

        Every index from 0 to n-1 gets exactly one `Completion`, whatever the server makes of `n`. Closing the generator, or
        cancelling the task that waits on it, closes the connection. Raises `ModelError`.
        """
        ...

    async def close(self) -> None:
        """Close connections. Safe to call twice."""
        ...
