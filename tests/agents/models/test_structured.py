"""Answers of a given type."""

import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel
from soloist.testing import Ask, ModelServer, Reply, Status, ToolCall
from soloist_agents.models.contract import Message, ModelMisbehaved, Request
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.models.structured import structured

ASK = Request(messages=(Message(role="user", content="Plan it."),), seconds=10)
GOOD = json.dumps({"title": "x", "steps": [1, 2]})


class Plan(BaseModel):
    """A plan."""

    title: str
    steps: list[int]


WANTED = Plan(title="x", steps=[1, 2])


@contextlib.asynccontextmanager
async def endpoint(server: ModelServer) -> AsyncIterator[Endpoint]:
    made = Endpoint(EndpointSettings(name="m", base_url=server.url))
    try:
        yield made
    finally:
        await made.close()


def server_without(*, schema: bool, tools: bool) -> ModelServer:
    def answer(ask: Ask) -> Reply:
        if "response_format" in ask.body:
            return Reply(GOOD) if schema else Reply(fault=Status(400, message="response_format is not supported"))
        if ask.tools:
            return Reply(tool_calls=(ToolCall("Plan", GOOD),)) if tools else Reply(fault=Status(400, message="no tools here"))
        return Reply(f"Here it is:\n```json\n{GOOD}\n```\nGood luck {{you}}!")

    return ModelServer(answer)


@pytest.mark.parametrize(("schema", "tools"), [(True, True), (False, True), (False, False)])
async def test_ways(schema: bool, tools: bool) -> None:
    """A schema where it is served, else a forced tool call, else JSON in text; what works is remembered."""
    async with server_without(schema=schema, tools=tools) as server, endpoint(server) as model:
        assert await structured(model, ASK, Plan) == WANTED
        before = len(server.calls)
        assert await structured(model, ASK, Plan) == WANTED
    assert len(server.calls) == before + 1
    last = server.calls[-1].body
    assert (("response_format" in last), ("tools" in last)) == (schema, tools and not schema)


async def test_schema_that_is_ignored() -> None:
    """A server that answers a schema with prose is asked by a tool from then on."""

    def answer(ask: Ask) -> Reply:
        return Reply(tool_calls=(ToolCall("Plan", GOOD),)) if ask.tools else Reply("First I would think about it.")

    async with ModelServer(answer) as server, endpoint(server) as model:
        assert await structured(model, ASK, Plan) == WANTED
        assert await structured(model, ASK, Plan) == WANTED
    assert ["tools" in ask.body for ask in server.calls] == [False, True, True]


async def test_repair() -> None:
    """A wrong value is shown back once with what is wrong, by field."""
    async with ModelServer(['{"title": "x", "steps": ["one"]}', GOOD]) as server, endpoint(server) as model:
        assert await structured(model, ASK, Plan) == WANTED
    assert "steps.0: Input should be a valid integer" in server.calls[1].last
    assert server.calls[1].messages[-2]["content"] == '{"title": "x", "steps": ["one"]}'


async def test_one_repair_only() -> None:
    """A value that is still wrong after the repair is given up, and the error says what was wrong."""
    async with ModelServer(lambda ask: '{"title": "x"}') as server, endpoint(server) as model:
        with pytest.raises(ModelMisbehaved, match=r"no valid Plan.*steps: Field required"):
            await structured(model, ASK, Plan)
    assert len(server.calls) == 2
