"""What is configured of one endpoint."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr
from soloist_sandbox.contract import Value

Continues = Literal["none", "vllm", "prefill"]
"""How a server continues an assistant's message: not at all, by vLLM's `continue_final_message`, or by itself (llama.cpp)."""


class EndpointSettings(Value):
    """One model on one OpenAI-compatible server. It can be printed and stored: keys stay hidden."""

    name: str
    """The model's id, as the server lists it."""
    base_url: str
    """With the version part, for example http://localhost:8000/v1."""
    api_key: SecretStr | None = None
    key_from: str = ""
    """Name of the environment variable or setting that the key comes from, for messages."""
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request; they may hold secrets too."""
    concurrency: int = Field(default=32, ge=1)
    """Requests under way at once; further ones wait."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    retries: int = Field(default=4, ge=0)
    """Further attempts after a first one that failed in a way that may pass."""
    backoff_seconds: float = Field(default=0.5, ge=0)
    """Before the first retry; doubled for each further one, up to 20 s."""
    connect_seconds: float = Field(default=10.0, gt=0)
    first_seconds: float = Field(default=300.0, gt=0)
    """Patience until the first text: slow prefill, or a hosted model that thinks in silence."""
    stall_seconds: float = Field(default=60.0, gt=0)
    """Patience without a single byte between two pieces."""
    max_answer_bytes: int = Field(default=8_000_000, ge=1)
    """UTF-8 bytes of one answer, thinking included; the choices of one call may have so much each, on average."""
    serves_n: bool | None = None
    """Does the server give `n` choices in one request? None: find out."""
    serves_schema: bool | None = None
    """Does it hold an answer to a JSON schema? False: such a request is refused without asking; None: ask."""
    continues: Continues = "none"
    inline_thinking: bool = True
    """Look for <think>…</think> in the text. False for a model that never thinks there but may write about the tags."""
    think_opened: bool | None = None
    """Does the chat template open <think> itself, so that only </think> is seen? None: find out."""
    cut_loops: bool = True
    """End a choice that repeats itself."""


class Served(Value):
    """A model that a server lists."""

    id: str
    max_model_len: int | None = None
    """Tokens of context, where the server says."""
