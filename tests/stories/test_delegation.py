"""A planner and a specialist over the real wire: three steps, a wrong candidate, a cut one, an escalation, and a proof."""

from typing import Any

import pytest
from soloist.testing import ModelServer

from tests.conftest import Command, MakeRepository, Said, git
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
