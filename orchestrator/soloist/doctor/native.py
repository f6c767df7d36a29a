"""What kind of server it is, and how long a context it has loaded, from pages that only this kind has."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
from soloist_sandbox.contract import Value

MOST_BYTES: Final = 1 << 20


class Native(Value):
    """What a server's own page tells."""

    kind: str | None = None
    """vllm, sglang, llamacpp, ollama or lmstudio; None where it can't be told."""
    context: int | None = None
    """Tokens that one answer and its prompt have, as loaded now; None where the page does not tell."""
    predicts: int | None = None
    """llama.cpp: tokens at which an answer ends when the request has no limit."""


Page = Mapping[str, Any]
Reader = Callable[[Page, str], Native | None]


def _vllm(page: Page, _: str) -> Native | None:
    return Native(kind="vllm") if isinstance(page.get("version"), str) else None


def _sglang(page: Page, _: str) -> Native | None:
    return Native(kind="sglang", context=_count(page.get("context_length"))) if "model_path" in page else None


def _llamacpp(page: Page, _: str) -> Native | None:
    told = page.get("default_generation_settings")
    if not isinstance(told, Mapping):
        return None
    inner = told.get("params")
    predicts = _count(told.get("n_predict")) or _count(inner.get("n_predict") if isinstance(inner, Mapping) else None)
    return Native(kind="llamacpp", context=_count(told.get("n_ctx")), predicts=predicts)


def _ollama(page: Page, model: str) -> Native | None:
    loaded = page.get("models")
    if not isinstance(loaded, list):
        return None
    names = (model, f"{model}:latest")
    found = [one for one in loaded if isinstance(one, Mapping) and (one.get("name") in names or one.get("model") in names)]
    return Native(kind="ollama", context=_count(found[0].get("context_length")) if found else None)


def _lmstudio(page: Page, model: str) -> Native | None:
    listed = page.get("data")
    if not isinstance(listed, list):
        return None
    found = [one for one in listed if isinstance(one, Mapping) and one.get("id") == model]
    return Native(kind="lmstudio", context=_count(found[0].get("loaded_context_length")) if found else None)


PAGES: Final[Mapping[str, tuple[str, Reader]]] = {
    "vllm": ("/version", _vllm),
    "sglang": ("/get_server_info", _sglang),
    "llamacpp": ("/props", _llamacpp),
    "ollama": ("/api/ps", _ollama),
    "lmstudio": ("/api/v0/models", _lmstudio),
}


async def look(base_url: str, model: str, kind: str | None, key: str | None, seconds: float) -> Native:
    """Ask the page of this kind, or all pages at once where the kind is not known. Never raises."""
    root = base_url.removesuffix("/v1")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    asked = {kind: PAGES[kind]} if kind and kind in PAGES else PAGES
    async with httpx.AsyncClient(headers=headers, timeout=seconds, follow_redirects=False, trust_env=False) as client:
        pages = await asyncio.gather(*(_page(client, root + path, seconds) for path, _ in asked.values()))
    read = (reader(page, model) for page, (_, reader) in zip(pages, asked.values(), strict=True) if page is not None)
    return next((native for native in read if native), Native(kind=kind if kind in PAGES else None))


async def _page(client: httpx.AsyncClient, url: str, seconds: float) -> Page | None:
    body = b""
    try:
        async with asyncio.timeout(seconds), client.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                return None
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    return None
        told = json.loads(body)
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        return None  # no such page: another kind of server
    return told if isinstance(told, Mapping) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
