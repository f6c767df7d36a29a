"""Every call is counted, in the run that makes it, and caps hold before the next one."""

import asyncio

import pytest
from soloist.testing import ModelServer, Reply, Usage
from soloist_agents.models.completing import complete
from soloist_agents.models.contract import BudgetSpent, Message, Request
from soloist_agents.models.contract import Usage as Tokens
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.ledger import Call, Caps, Ledger, Metered, counted_in
from soloist_agents.models.prices import Price, PriceTable
from soloist_agents.models.settings import EndpointSettings

PRICES = PriceTable(prices={"big": Price(prompt=2, cached=0.5, answer=8), "small": Price(prompt=0, answer=0)})


def call(role: str, model: str, step: str = "s1", **tokens: int) -> Call:
    usage = Tokens(**tokens)
    return Call(role=role, step=step, model=model, usage=usage, seconds=1, money=PRICES.cost(model, usage), ended="complete")


def test_rows_and_money_are_exact() -> None:
    """By role, step and model; cached tokens at their own price; thinking is paid like an answer."""
    ledger = Ledger(prices=PRICES)
    for one in (
        call("planner", "big", "plan", prompt=1_000_000, cached=400_000, answer=10_000),
        call("specialist", "small", prompt=1000, thinking=90_000, answer=10_000),
        call("specialist", "small", prompt=1000, thinking=10_000, answer=10_000),
    ):
        ledger.add(one)
    assert ledger.money("planner") == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.01 * 8)
    assert ledger.money("specialist") == 0
    assert ledger.planner_alone("big") == pytest.approx(0.002 * 2 + 0.12 * 8)
    assert [(row.role, row.step, row.calls, row.usage.total) for row in ledger.rows()] == [
        ("planner", "plan", 1, 1_010_000),
        ("specialist", "s1", 2, 122_000),
    ]


def test_money_is_unknown_where_a_price_is() -> None:
    """Never zero for want of a price."""
    ledger = Ledger(prices=PRICES)
    ledger.add(call("planner", "nobody-knows", prompt=1))
    assert ledger.money() is None
    assert ledger.planner_alone("nobody-knows") is None


@pytest.mark.parametrize(
    ("caps", "role", "says"),
    [
        (Caps(tokens=100), "planner", "the cap of 100 tokens"),
        (Caps(planner_tokens=50), "planner", "50 planner tokens"),
        (Caps(planner_tokens=50), "specialist", None),
        (Caps(specialist_tokens=60), "specialist", "60 specialist tokens"),
        (Caps(money=0.0001), "planner", "0.0001 USD"),
        (Caps(tokens=10_000, money=5.0), "planner", None),
    ],
)
def test_a_cap_holds_for_its_role(caps: Caps, role: str, says: str | None) -> None:
    """And says which one it is."""
    ledger = Ledger(prices=PRICES, caps=caps)
    ledger.add(call("planner", "big", prompt=60))
    ledger.add(call("specialist", "small", prompt=60))
    reached = ledger.spent_cap(role=role)
    assert (reached is None) if says is None else (says in (reached or ""))


async def test_a_cap_cuts_a_call_that_is_under_way() -> None:
    """A stream that runs past the cap is closed, counted by estimate, and no further call is made."""
    long = Reply(" ".join(str(n * n) for n in range(20_000)), chunk=200, delay=0.001)
    ledger = Ledger(caps=Caps(tokens=3000))
    async with ModelServer([long]) as server:
        model = Metered(Endpoint(EndpointSettings(name="big", base_url=server.url)))
        request = Request(messages=(Message(role="user", content="go on"),), role="planner", step="x")
        with counted_in(ledger):
            with pytest.raises(BudgetSpent, match="3000 tokens"):
                await complete(model, request)
            with pytest.raises(BudgetSpent):
                await complete(model, request)
        await server.idle()
        await model.close()
        assert len(server.calls) == 1
        assert server.calls[0].hung_up
    assert ledger.used().estimated
    assert 3000 <= ledger.used().total < 8000


async def test_runs_side_by_side_have_ledgers_of_their_own() -> None:
    """One model shared by two runs: each call is counted where it was made."""
    async with ModelServer(lambda ask: Reply("x", usage=Usage(10, 1))) as server:
        model = Metered(Endpoint(EndpointSettings(name="big", base_url=server.url)))

        async def run(calls: int) -> Ledger:
            ledger = Ledger()
            with counted_in(ledger):
                for _ in range(calls):
                    await complete(model, Request(messages=(Message(role="user", content="hi"),)))
            return ledger

        first, second = await asyncio.gather(run(2), run(3))
        await model.close()
    assert (len(first.calls), len(second.calls)) == (2, 3)
    assert second.used().prompt == 30
