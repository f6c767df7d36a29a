"""A scripted model: a real HTTP server on loopback that speaks as OpenAI-compatible servers do, and fails on order.

    async with ModelServer([Reply(thinking="Hm.", text="42"), Reply(fault=Status(429, retry_after=1)), "43"]) as server:
        client = AsyncOpenAI(base_url=server.url, api_key="any")

It serves `POST /v1/chat/completions` and `POST /v1/responses`, each whole and streamed, and `GET /v1/models`. A call gets the
first reply of the script that fits it (`When`) and is not used up. A script may also be a function `(Ask) -> Reply | str`.
`ModelServer.running(…)` is the same from a thread, `python -m soloist.testing script.toml` from the command line.
"""

from soloist.testing.ask import Ask
from soloist.testing.faults import (
    BadUtf8,
    Cut,
    Drip,
    Drop,
    ErrorEvent,
    Fault,
    Flood,
    Hang,
    Malformed,
    NoChoices,
    SlowStart,
    Status,
    WrongType,
)
from soloist.testing.manners import LLAMA_CPP, LM_STUDIO, OLLAMA, SGLANG, VLLM, Manners
from soloist.testing.reply import Reply, ToolCall, Usage, When
from soloist.testing.script import Script
from soloist.testing.scriptfile import read_script
from soloist.testing.server import ModelServer

__all__ = [
    "LLAMA_CPP",
    "LM_STUDIO",
    "OLLAMA",
    "SGLANG",
    "VLLM",
    "Ask",
    "BadUtf8",
    "Cut",
    "Drip",
    "Drop",
    "ErrorEvent",
    "Fault",
    "Flood",
    "Hang",
    "Malformed",
    "Manners",
    "ModelServer",
    "NoChoices",
    "Reply",
    "Script",
    "SlowStart",
    "Status",
    "ToolCall",
    "Usage",
    "When",
    "WrongType",
    "read_script",
]
