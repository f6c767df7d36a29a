"""A planner and a specialist over the real wire: three steps, a wrong candidate, a cut one, an escalation, and a proof."""

import asyncio
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from soloist import Orchestrator, Task
from soloist.testing import Ask, Manners, ModelServer, Reply
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.langchain import ChatModel
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.planner import ModelPlanner
from soloist_agents.presets import VIBETHINKER
from soloist_agents.solver import ModelSpecialist, SamplingPlan

from tests.conftest import SOLOIST, Command, MakeRepository, Said, git
from tests.contracts.chat_over_http import ChatOverHttp
from tests.stories import delegation as shop

pytestmark = pytest.mark.usefixtures("any_sandbox")


def delegated(soloist: Command, server: ModelServer, root: Any, *more: str) -> Said:
    models = ("--planner", f"{server.url}#{shop.PLANNER}", "--specialist", f"{server.url}#{shop.SPECIALIST}")
    return soloist("run", shop.GOAL, "--repo", root, "--json", *models, *more, env=shop.ENVIRON)


def test_a_goal_is_delegated_proved_and_applied(soloist: Command, repository: MakeRepository) -> None:
    """The wrong sample is caught by execution, the cut one counts as no answer, the planner takes over, the whole is green."""
    root = repository(shop.FILES)
    with ModelServer.running(shop.story) as server:
        said = delegated(soloist, server, root, "--yes")
        assert server.unexpected == []
    assert said.code == 0, said.err
    report = said.report
    assert report["solved"]
    assert report["level"] == "tested"
    assert report["applied"]
    steps = {step["id"]: step for step in report["steps"]}
    assert [steps[s]["status"] for s in ("s1", "s2", "s3")] == ["solved", "solved", "answered"]
    assert steps["s1"]["rung"] == shop.PLANNER
    assert steps["s1"]["tried"] == 2
    assert steps["s1"]["no_answers"] == 1
    assert steps["s1"]["level"] == "tested"
    assert steps["s3"]["level"] == "unverified"
    assert "shop/money.py:4-6" in steps["s3"]["text"]
    assert "bulk_factor" in (root / "shop/cart.py").read_text()
    assert git(root, "status", "--porcelain").split() == ["M", "shop/cart.py", "??", "shop/discounts.py", "??", *_tests(root)]


def _tests(root: Any) -> list[str]:
    new = sorted(path for path in git(root, "ls-files", "-o").split() if "test_" in path)
    assert len(new) == 2
    return [new[0], "??", new[1]]


def test_the_ledger_is_exact(soloist: Command, repository: MakeRepository) -> None:
    """Every call and every token that the server has counted stands in the report, by role and step."""
    root = repository(shop.FILES)
    with ModelServer.running(shop.story) as server:
        report = delegated(soloist, server, root, "--dry-run").report
        assert len(server.calls) == shop.CALLS
    ledger = report["ledger"]
    assert ledger["calls"] == shop.CALLS
    assert ledger["planner_tokens"] == shop.PLANNER_TOKENS
    assert ledger["specialist_tokens"] == shop.SPECIALIST_TOKENS
    assert ledger["usage"]["cached"] == 1500
    assert not ledger["usage"]["estimated"]
    assert ledger["money"] is None
    assert {(row["role"], row["step"]) for row in ledger["rows"]} == {
        ("planner", "gather"),
        ("specialist", "s1"),
        ("planner", "s1"),
        ("planner", "s2"),
        ("planner", "s3"),
    }


async def test_the_same_through_a_langchain_chat_model(repository: MakeRepository, tmp_path: Path) -> None:
    """Any `BaseChatModel` can be the planner; tools, plan, glue and the ledger are the same."""
    root = repository(shop.FILES)
    async with ModelServer(shop.story) as server:
        planner = ModelPlanner(ChatModel(ChatOverHttp(base_url=server.url, model=shop.PLANNER), name=shop.PLANNER))
        model = Endpoint(EndpointSettings(name=shop.SPECIALIST, base_url=server.url))
        specialist = ModelSpecialist(model, preset=VIBETHINKER, plan=SamplingPlan(samples=2, first=2, repair_rounds=0))
        orchestrator = Orchestrator(planner=planner, ladder=[specialist], state=tmp_path / "state")
        report = await orchestrator.run(Task(goal=shop.GOAL, repository=root, approval="never"))
        await model.close()
    assert report.solved
    assert report.level == "tested"
    assert {step.id: step.status for step in report.steps} == {"s1": "solved", "s2": "solved", "s3": "answered"}
    assert report.ledger is not None
    assert report.ledger.planner_tokens == shop.PLANNER_TOKENS


@pytest.mark.parametrize(
    ("cap", "says"),
    [
        (("--max-tokens", "1"), "the cap of 1 tokens is reached"),
        (("--max-tokens", "4500"), "the cap of 4500 tokens is reached"),
        (("--max-money", "0.0001"), "the cap of 0.0001 USD is reached"),
    ],
)
def test_a_cap_ends_the_run_with_what_was_found(
    cap: tuple[str, str], says: str, soloist: Command, repository: MakeRepository
) -> None:
    """No call is made after it; what was verified by then stands in the report, the rest is not claimed."""
    root = repository(shop.FILES)
    with ModelServer.running(shop.story) as server:
        prices = '{"big-planner" = {prompt = 0.05, answer = 0.1}, "VibeThinker-3B" = {prompt = 0, answer = 0}}'
        models = ("--planner", f"{server.url}#{shop.PLANNER}", "--specialist", f"{server.url}#{shop.SPECIALIST}")
        command = ("run", shop.GOAL, "--repo", root, "--json", *models, *cap)
        said = soloist(*command, env={**shop.ENVIRON, "SOLOIST_PRICES": prices})
        assert len(server.calls) < shop.CALLS
    assert said.code == 1
    report = said.report
    assert not report["solved"]
    assert report["ended"] == "spent"
    assert says in report["error"]
    assert all(step["status"] != "solved" or step["level"] in ("executed", "tested") for step in report["steps"])


def test_goals_are_refused_without_a_planner(soloist: Command, repository: MakeRepository) -> None:
    """It says that a planner is needed and how to name one."""
    said = soloist("run", shop.GOAL, "--repo", repository(shop.FILES))
    assert said.code == 3
    assert "SOLOIST_PLANNER" in said.err


def test_keys_reach_the_server_and_nothing_else(soloist: Command, repository: MakeRepository, tmp_path: Path) -> None:
    """The key is in no event, report, checkpoint or line of output, also where the model says it."""
    root = repository(shop.FILES)
    key = "sk-very-secret-0123456789"

    def echoing(ask: Ask) -> Reply:
        reply = shop.story(ask)
        said = f"{reply.text} {ask.headers.get('authorization')}"
        return replace(reply, text=said) if "Answer a question" in ask.text else reply

    with ModelServer.running(echoing, like=Manners(api_key=key)) as server:
        models = ("--planner", f"{server.url}#{shop.PLANNER}", "--specialist", f"{server.url}#{shop.SPECIALIST}")
        environ = {**shop.ENVIRON, "SOLOIST_PLANNER_API_KEY": key, "SOLOIST_SPECIALIST_API_KEY": key}
        said = soloist("run", shop.GOAL, "--repo", root, "--json", *models, env=environ)
    assert said.code == 0, said.err
    assert key not in said.out + said.err
    kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file() and key.encode() in file.read_bytes()]
    assert kept == []


@pytest.mark.parametrize("last", ["plan", "step.verdict", "step.escalate", "stitch"])
async def test_a_killed_run_goes_on_without_paying_twice(last: str, repository: MakeRepository, tmp_path: Path) -> None:
    """Killed after any event, the run is resumed: what was planned, proved and paid stays, and the ledger has every call."""
    root = repository(shop.FILES)
    with ModelServer.running(shop.story) as server:
        folder = await asyncio.to_thread(_killed_after, last, server, root, tmp_path / "state")
        models = [Endpoint(EndpointSettings(name=name, base_url=server.url)) for name in (shop.PLANNER, shop.SPECIALIST)]
        specialist = ModelSpecialist(models[1], preset=VIBETHINKER, plan=SamplingPlan(samples=2, first=2, repair_rounds=0))
        report = await Orchestrator(planner=ModelPlanner(models[0]), ladder=[specialist]).resume(folder.name)
        for model in models:
            await model.close()
        planning = [ask for ask in server.calls if ask.tools]
        assert server.unexpected == []
    assert report.solved
    assert report.level == "tested"
    assert len(planning) == 2
    assert len(server.calls) <= shop.CALLS + 3  # what was under way in the steps when it was killed
    assert report.ledger is not None
    assert report.ledger.planner_tokens >= shop.PLANNER_TOKENS


def _killed_after(kind: str, server: ModelServer, root: Path, state: Path) -> Path:
    """Start the command, kill -9 it as soon as an event of this kind is written; the run's folder."""
    models = ("--planner", f"{server.url}#{shop.PLANNER}", "--specialist", f"{server.url}#{shop.SPECIALIST}")
    command = [SOLOIST, "run", shop.GOAL, "--repo", root, "--dry-run", *models]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | shop.ENVIRON
    ) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            for file in state.glob("soloist/runs/*/events.jsonl"):
                if f'"{kind}"' in file.read_text():
                    process.kill()
                    return file.parent
            time.sleep(0.01)
        process.kill()
    raise AssertionError(f"no event {kind} came")


def test_a_specialist_alone_repairs_what_the_search_can_not(soloist: Command, repository: MakeRepository) -> None:
    """Without a planner the playbook finds the place; the search gives up, the specialist writes the function."""
    files = {
        "roman.py": 'def roman(n):\n    """To Roman numerals, up to 9."""\n    raise NotImplementedError\n',
        "test_roman.py": (
            "import pytest\nfrom roman import roman\n\n\n"
            '@pytest.mark.parametrize(("n", "r"), [(1, "I"), (4, "IV"), (9, "IX")])\n'
            "def test_roman(n, r):\n    assert roman(n) == r\n"
        ),
    }
    answer = '```python\ndef roman(n):\n    return ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[n]\n```'
    with ModelServer.running(lambda ask: Reply(answer)) as server:
        specialist = f"{server.url}#{shop.SPECIALIST}"
        check = ("--check", "python -m pytest -q")
        said = soloist("run", "fix the tests", "--repo", repository(files), *check, "--specialist", specialist, "--json")
        (ask,) = server.calls
    assert said.code == 0, said.err
    assert said.report["steps"][0]["rung"] == "vibethinker"
    assert said.report["level"] == "tested"
    assert "assert roman(n) == r" in ask.text
