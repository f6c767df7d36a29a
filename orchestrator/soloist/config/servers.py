"""Servers known by name: where they are, and which variable by convention holds their key."""

import difflib
import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from soloist_agents.models.settings import Continues


@dataclass(frozen=True)
class Server:
    """A server that speaks OpenAI's chat completions."""

    name: str
    base_url: str
    key_env: str | None = None
    """The environment variable that holds the key; None for local servers, which want none."""
    serves_n: bool | None = None
    """Whether it takes `n` > 1 in one request; None when that is not known."""
    continues: Continues | None = None
    """How it goes on from an answer's beginning; None when that is not known."""
    owner: str = ""
    """What it writes as `owned_by` in its list of models, by which a local server is told from another on the same port."""

    @property
    def local(self) -> bool:
        """True for servers on this machine."""
        return self.key_env is None


HOSTED: Final = (
    Server("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    Server("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    Server("dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    Server("dashscope-cn", "https://dashscope.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    Server("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    Server("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    Server("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    Server("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    Server("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    Server("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    Server("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    Server("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    Server("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
)

LOCAL: Final = (
    Server("vllm", "http://127.0.0.1:8000/v1", serves_n=True, continues="vllm", owner="vllm"),
    Server("sglang", "http://127.0.0.1:30000/v1", serves_n=True, owner="sglang"),
    Server("llamacpp", "http://127.0.0.1:8080/v1", continues="prefill", owner="llamacpp"),
    Server("ollama", "http://127.0.0.1:11434/v1", serves_n=False, owner="library"),
    Server("lmstudio", "http://127.0.0.1:1234/v1", serves_n=False, owner="organization_owner"),
)
"""By the ports on which they listen unless told otherwise."""

SERVERS: Final = {server.name: server for server in (*HOSTED, *LOCAL)}


def server_named(name: str) -> Server:
    """The server of this name. Raises `ValueError`, in one line, when there is none."""
    if name in SERVERS:
        return SERVERS[name]
    near = difflib.get_close_matches(name.casefold(), SERVERS, n=1)
    advice = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(SERVERS)}"
    raise ValueError(f"there is no known server {json.dumps(name)}; {advice}")


def key_for_address(base_url: str) -> str | None:
    """The conventional key variable of an address: only for a known server's own host, over TLS.

    A key is never picked by a server's *name* alone, else a foreign address under that name would be sent the key.
    """
    asked = urlsplit(base_url)
    return next((s.key_env for s in HOSTED if (asked.scheme, asked.netloc.casefold()) == urlsplit(s.base_url)[:2]), None)
