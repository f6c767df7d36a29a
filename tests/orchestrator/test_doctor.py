"""`soloist doctor`: every finding about a model, from a real server, with its cure."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from soloist.config.servers import SERVERS
from soloist.testing import LLAMA_CPP, OLLAMA, Ask, Hang, Manners, ModelServer, Reply, Status

from tests.conftest import Command, Said

VIBE = "WeiboAI/VibeThinker-3B"
NUMBERS = " ".join(map(str, range(1, 31)))
VLLM_PAGES = {"/version": {"version": "0.11.0"}}


def found(said: Said, what: str) -> tuple[str, str]:
    """A finding's mark, and what it says with its cure."""
    lines = said.out.splitlines()
    at = next((i for i, line in enumerate(lines) if re.match(rf".{{4}}\s+{re.escape(what)}\s{{2}}", line)), None)
    assert at is not None, said.out + said.err
    cure = lines[at + 1] if at + 1 < len(lines) and lines[at + 1].lstrip().startswith("cure:") else ""
    return lines[at][:4].strip(), lines[at] + cure


@contextmanager
def on_a_known_port() -> Iterator[ModelServer]:
    """A server where a local one would listen; skips where all those ports are taken."""
    for known in SERVERS.values():
        if known.local:
            try:
                with ModelServer.running(
                    thinking, like=Manners(models=(VIBE,)), port=urlsplit(known.base_url).port or 0
                ) as server:
                    yield server
                return
            except OSError:
                continue
    pytest.skip("all ports of known local servers are taken")


def thinking(ask: Ask) -> Reply:
    """A small reasoning model on a quick server."""
    return Reply(thinking="Counting. " * 5, text=NUMBERS, delay=0.004)


def vllm_cutting(ask: Ask) -> Reply:
    """vLLM under a generation_config with max_new_tokens 2048."""
    if ask.body.get("min_tokens", 0) > 2048:
        return Reply(fault=Status(400, message="min_tokens must be less than or equal to max_tokens=2048, got 2560."))
    return thinking(ask)


def test_all_is_well(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """A good server is shown by its model, context, `n`, long answers, stop tokens and speed, within a few seconds."""
    like = Manners(models=(VIBE,), pages=VLLM_PAGES)
    with ModelServer.running(thinking, like=like) as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_SPECIALIST": server.url, "SOLOIST_EFFORT": "high"})
        took = max(ask.ended or 0 for ask in server.calls) - min(ask.started for ask in server.calls)
        asked = server.calls
    assert said.code == 0, said.out
    for what in ("specialist", "context", "long answers", "n", "stop tokens", "speed"):
        assert found(said, what)[0] == "ok", said.out
    assert VIBE in found(said, "specialist")[1]
    assert "vllm" in found(said, "specialist")[1]
    assert "131,072" in found(said, "context")[1]
    assert re.search(r"\d tokens/s", found(said, "speed")[1])
    settings = found(said, "settings")[1]
    assert "effort high" in settings
    assert "SOLOIST_EFFORT" in settings
    assert "image base" in found(said, "sandbox")[1]
    assert "cure:" not in said.out
    assert took < 2
    assert all(ask.body["temperature"] == 1.0 for ask in asked)


@pytest.mark.parametrize("like", [Manners(pages=VLLM_PAGES), Manners()], ids=["by its page", "by its name"])
def test_vllms_limit_of_2048_is_seen_without_a_long_answer(soloist: Command, tmp_path: Path, like: Manners) -> None:
    """A server that refuses `min_tokens` above 2,048 cuts long answers: the option that cures it is named."""
    with ModelServer.running(vllm_cutting, like=like) as server:
        own = tmp_path / "own.toml"
        known = "" if like.pages else 'server = "vllm"\n'
        own.write_text(f'[specialist]\nbase_url = "{server.url}"\nmodel = "{VIBE}"\n{known}')
        said = soloist("doctor", "--repo", tmp_path, "--config", own)
    mark, line = found(said, "long answers")
    assert (said.code, mark) == (3, "MISS")
    assert "2,048" in line
    assert "--generation-config vllm" in line


def test_other_servers_can_not_be_told_without_a_long_answer(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """Where nothing tells, "not proved" is said, with the way to prove it."""
    with ModelServer.running(thinking) as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_PLANNER": f"{server.url}#big"})
        assert not any("min_tokens" in ask.body for ask in server.calls)
    mark, line = found(said, "long answers")
    assert (said.code, mark) == (0, "-")
    assert "not proved" in line
    assert "soloist doctor --long" in line


@pytest.mark.parametrize(
    ("lines", "finish", "expected"),
    [(4000, None, ("ok", "not cut at 2,048")), (800, "length", ("MISS", "cut after")), (100, None, ("-", "ended its answer"))],
)
def test_a_long_answer_on_demand(
    soloist: Command, any_sandbox: None, tmp_path: Path, lines: int, finish: str | None, expected: tuple[str, str]
) -> None:
    """With --long a long answer is asked for, and what came of it is told."""

    def answer(ask: Ask) -> Reply:
        if "4000" not in ask.last:
            return thinking(ask)
        return Reply("\n".join(map(str, range(1, lines + 1))), finish_reason=finish, chunk=200)

    with ModelServer.running(answer) as server:
        said = soloist("doctor", "--long", "--repo", tmp_path, env={"SOLOIST_PLANNER": f"{server.url}#big"})
    mark, line = found(said, "long answers")
    assert mark == expected[0], said.out
    assert expected[1] in line
    assert said.code == (3 if mark == "MISS" else 0)


def test_llama_cpp(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """llama.cpp tells the context of one slot, and gives one answer to a request."""
    pages = {"/props": {"default_generation_settings": {"n_ctx": 65536, "params": {"n_predict": -1}}, "total_slots": 2}}
    like = Manners(models=(VIBE,), max_model_len=None, serves_n="refused", reasoning=LLAMA_CPP.reasoning, pages=pages)
    with ModelServer.running(thinking, like=like) as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_SPECIALIST": server.url})
    assert said.code == 0, said.out
    assert "65,536" in found(said, "context")[1]
    assert found(said, "long answers")[0] == "ok"
    assert "one answer to a request" in found(said, "n")[1]


def test_ollamas_small_context(soloist: Command, tmp_path: Path) -> None:
    """Ollama's own default of 4,096 tokens cuts every trace: the variable that cures it is named."""
    pages = {"/api/ps": {"models": [{"name": VIBE, "model": VIBE, "context_length": 4096}]}}
    like = Manners(models=(VIBE,), max_model_len=None, serves_n=OLLAMA.serves_n, pages=pages)
    with ModelServer.running(thinking, like=like) as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_SPECIALIST": server.url})
    mark, line = found(said, "context")
    assert (said.code, mark) == (3, "MISS")
    assert "OLLAMA_CONTEXT_LENGTH" in line
    assert found(said, "long answers")[0] == "MISS"


def test_a_context_below_the_longest_trace(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """A context that is smaller than what thinking may want is told with the line to set."""
    with ModelServer.running(thinking, like=Manners(models=(VIBE,), max_model_len=16384)) as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_SPECIALIST": server.url})
        settings = {"SOLOIST_SPECIALIST_BASE_URL": server.url, "SOLOIST_SPECIALIST_CONTEXT": "16384"}
        then = soloist("doctor", "--repo", tmp_path, env=settings)
    assert found(said, "context")[0] == "-"
    assert "set specialist.context = 16384" in found(said, "context")[1]
    assert found(then, "context")[0] == "ok", then.out + then.err


def test_a_marker_that_leaks(soloist: Command, tmp_path: Path) -> None:
    """A chat template's marker in the answer means that stop tokens are not honoured."""
    with ModelServer.running(lambda ask: f"{NUMBERS}<|im_end|>\n<|im_start|>user") as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_SPECIALIST": f"{server.url}#m"})
    mark, line = found(said, "stop tokens")
    assert (said.code, mark) == (3, "MISS")
    assert "<|im_end|>" in line
    assert "cure:" in line


def test_a_slow_thinker_is_not_waited_for(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """After a second of text the doctor hangs up: the speed is told, the end of the answer "not proved"."""
    slow = Reply(thinking="Let me count them one by one, very carefully. " * 200, text=NUMBERS, delay=0.3, times=None)
    with ModelServer.running([slow], like=Manners(models=(VIBE,), pages=VLLM_PAGES)) as server:
        before = time.monotonic()
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_SPECIALIST": server.url})
        assert time.monotonic() - before < 10
        assert any(ask.hung_up for ask in server.calls)
    mark, line = found(said, "stop tokens")
    assert (said.code, mark) == (0, "-"), said.out
    assert "still thinks" in line
    mark, line = found(said, "speed")
    assert mark == "-"
    assert "budget.seconds" in line


def test_nothing_hangs_for_ever(soloist: Command, tmp_path: Path) -> None:
    """A server that accepts and says nothing costs 20 s at most, and both roles are waited for at once."""
    with ModelServer.running([Reply(fault=Hang(), times=None)], models_fault=Hang()) as server:
        before = time.monotonic()
        env = {"SOLOIST_SPECIALIST": f"{server.url}#small", "SOLOIST_PLANNER": f"{server.url}#big"}
        said = soloist("doctor", "--repo", tmp_path, env=env)
        assert time.monotonic() - before < 20 + 4
    assert said.code == 3
    assert "not a word within 15 s" in found(said, "planner")[1]
    assert "loading" in found(said, "specialist")[1]


@pytest.mark.parametrize(
    ("like", "spec", "words"),
    [
        (Manners(models=("a", "b")), "", ("serves a, b", "name one", "#a")),
        (Manners(models=("a", "b")), "#c", ("does not serve 'c'", "a, b")),
        (Manners(models=("a",), api_key="sesame"), "#a", ("wants a key",)),
    ],
    ids=["no model named", "another model", "no key"],
)
def test_what_keeps_a_model_from_answering(
    soloist: Command, tmp_path: Path, like: Manners, spec: str, words: tuple[str, ...]
) -> None:
    """Each reason why no answer can be had is one finding with its cure."""
    with ModelServer.running(thinking, like=like) as server:
        said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_PLANNER": server.url + spec})
    mark, line = found(said, "planner")
    assert (said.code, mark) == (3, "MISS")
    assert all(word in line for word in words), line
    assert "cure:" in line


def test_one_dead_server_of_two(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """Of several servers each has its findings; a dead one is told, and the job can run on the other."""
    own = tmp_path / "own.toml"
    with ModelServer.running(thinking, like=Manners(models=(VIBE,))) as server:
        dead = '{base_url = "http://127.0.0.1:9/v1"}'
        own.write_text(f'[specialist]\nmodel = "{VIBE}"\nendpoints = [{{base_url = "{server.url}"}}, {dead}]\n')
        said = soloist("doctor", "--repo", tmp_path, "--config", own)
    assert said.code == 0, said.out
    assert found(said, "specialist 1")[0] == "ok"
    mark, line = found(said, "specialist 2")
    assert mark == "-"
    assert "nothing answers at http://127.0.0.1:9/v1" in line


def test_keys_and_prices(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """A key is "set" or "not set" and never shown; a cap on money wants a price."""
    with ModelServer.running(thinking, like=Manners(models=("big",), api_key="sk-open-sesame")) as server:
        own = tmp_path / "own.toml"
        own.write_text(f'[planner]\nbase_url = "{server.url}"\nmodel = "big"\napi_key_env = "MY_KEY"\n[budget]\nmoney = 2.0\n')
        said = soloist("doctor", "--repo", tmp_path, "--config", own, env={"MY_KEY": "sk-open-sesame"})
        without = soloist("doctor", "--repo", tmp_path, "--config", own)
        own.write_text(own.read_text() + "[prices]\nbig = {prompt = 1.0, answer = 2.0}\n")
        priced = soloist("doctor", "--repo", tmp_path, "--config", own, env={"MY_KEY": "sk-open-sesame"})
    assert said.code == 0, said.out
    assert "MY_KEY is set (environment)" in found(said, "key")[1]
    assert "open-sesame" not in said.out + said.err
    assert found(said, "prices")[0] == "-"
    assert 'prices."big"' in found(said, "prices")[1]
    assert found(priced, "prices")[0] == "ok"
    assert without.code == 3
    assert found(without, "key")[0] == "MISS"
    assert "export MY_KEY" in found(without, "key")[1]


def test_servers_nearby_when_nothing_is_configured(soloist: Command, any_sandbox: None, tmp_path: Path) -> None:
    """With nothing configured, what answers on this machine is shown with the line to set."""
    with on_a_known_port() as server:
        url = server.url
        said = soloist("doctor", "--repo", tmp_path)
    assert said.code == 0
    lines = [line for line in said.out.splitlines() if "nearby" in line or "cure:" in line]
    assert any(VIBE in line and url in line for line in lines), said.out
    assert any(f"export SOLOIST_SPECIALIST='{url}#{VIBE}'" in line for line in lines)


def test_python_of_the_users_own(soloist: Command, tmp_path: Path) -> None:
    """A planner of one's own that can't be loaded is told by name."""
    said = soloist("doctor", "--repo", tmp_path, env={"SOLOIST_PLANNER": "no_such_module:make"})
    assert (said.code, found(said, "planner")[0]) == (3, "MISS")
    assert "no_such_module" in found(said, "planner")[1]
