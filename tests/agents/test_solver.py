"""The model specialist: a self-contained question in, a stream of candidates out, over real HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import pytest
from soloist.testing import Drop, ModelServer, Reply, Usage
from soloist_agents.contract import Candidate, NearMiss, NoAnswer, Step
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.ledger import Ledger, counted_in
from soloist_agents.models.settings import Continues, EndpointSettings
from soloist_agents.presets import VIBETHINKER
from soloist_agents.selection.choosing import Selection
from soloist_agents.solver import ModelSpecialist, SamplingPlan
from soloist_agents.step_check import AgreementCheck, AnswerCheck, Case, CasesCheck, TestsCheck

CODE = "def double(x):\n    return 2 * x\n"
FENCED = f"Here it is:\n```python\n{CODE}```\nIt doubles."
STEP = Step(
    id="s1",
    goal="double",
    kind="function",
    target="m.py::double",
    problem="Return twice x.",
    source="def other():\n    pass\n",
    check=TestsCheck(files={"test_double.py": "from m import double\n\n\ndef test_double():\n    assert double(2) == 4\n"}),
)
LASTS = len(FENCED + " and so on" * 400) / 20 * 0.05
PRESET = VIBETHINKER.model_copy(update={"thinking": (100, 300)})


@asynccontextmanager
async def specialist(server: ModelServer, plan: SamplingPlan, *, continues: Continues = "none") -> AsyncIterator[ModelSpecialist]:
    settings = EndpointSettings(name="VibeThinker-3B", base_url=server.url, continues=continues, retries=1, backoff_seconds=0.01)
    model = Endpoint(settings)
    try:
        yield ModelSpecialist(model, preset=PRESET, plan=plan, continues=continues != "none")
    finally:
        await model.close()


async def told(
    script: object, plan: SamplingPlan | None = None, step: Step = STEP, **more: Continues
) -> list[Candidate | NoAnswer]:
    async with ModelServer(script) as server, specialist(server, plan or SamplingPlan(samples=1, first=1), **more) as solver:  # type: ignore[arg-type]
        return [one async for one in solver.propose(step)]


def texts(found: Sequence[Candidate | NoAnswer]) -> list[str]:
    return [one.text if isinstance(one, Candidate) else one.ended for one in found]


async def test_the_question_is_one_user_message_with_everything_in_it() -> None:
    """Statement, file, tests and form of the answer stand in it; sampling and budget are the preset's."""
    async with ModelServer([FENCED]) as server, specialist(server, SamplingPlan(samples=1, first=1)) as solver:
        assert texts([one async for one in solver.propose(STEP)]) == [CODE]
        (ask,) = server.calls
    assert [message["role"] for message in ask.messages] == ["user"]
    assert all(part in ask.text for part in ("Return twice x.", "def other():", "assert double(2) == 4", "```python fence"))
    assert (ask.body["temperature"], ask.body["top_p"], ask.body["max_tokens"]) == (1.0, 0.95, 100)


async def test_a_placeholder_box_is_never_shown() -> None:
    """The form of an answer is told without an example of a box, which models copy."""
    step = Step(id="a", goal="g", kind="answer", problem="What is 6 * 7?", check=AgreementCheck())
    async with ModelServer(["It is \\boxed{42}."]) as server, specialist(server, SamplingPlan(samples=1, first=1)) as solver:
        assert texts([one async for one in solver.propose(step)]) == ["42"]
        assert "\\boxed{}" in server.calls[0].text
        assert "\\boxed{answer}" not in server.calls[0].text


async def test_a_candidate_is_told_before_its_explanation_ends() -> None:
    """As soon as the fence is closed it can be judged, and closing the stream hangs up on what still comes."""
    slow = Reply(FENCED + " and so on" * 400, chunk=20, delay=0.05)  # it would last `LASTS` seconds
    async with ModelServer([slow]) as server, specialist(server, SamplingPlan(samples=1, first=1)) as solver:
        async with aclosing(solver.propose(STEP)) as stream:  # type: ignore[type-var]
            assert (await anext(stream)).text == CODE
        await server.idle()
        assert server.calls[0].hung_up
        assert server.calls[0].ended - server.calls[0].started < 0.5 * LASTS


async def test_the_first_verified_one_cancels_the_rest() -> None:
    """Samples of a server without `n` run side by side; when the stream is closed every connection is."""
    replies = [Reply(FENCED), *[Reply("```python\n" + "x = 1\n" * 4000, chunk=20, delay=0.05)] * 3]
    async with ModelServer(replies) as server:
        settings = EndpointSettings(name="m", base_url=server.url, serves_n=False)
        model = Endpoint(settings)
        solver = ModelSpecialist(model, preset=PRESET, plan=SamplingPlan(samples=4, first=4))
        async with aclosing(solver.propose(STEP)) as stream:  # type: ignore[type-var]
            assert (await anext(stream)).text == CODE
        await server.idle()
        await model.close()
        assert sorted(ask.hung_up for ask in server.calls) == [False, True, True, True]


@pytest.mark.parametrize(
    ("reply", "ended"),
    [
        (Reply(thinking="hm", finish_reason="length"), "truncated"),
        (Reply("I do not know."), "empty"),
        (Reply("```python\ndef triple(x):\n    return 3 * x\n```"), "empty"),
        (Reply(thinking="and so it goes on and on. " * 2000, finish_reason="stop"), "loop"),
        (Reply("no", finish_reason="content_filter"), "filtered"),
    ],
)
async def test_what_is_no_answer_is_not_a_wrong_one(reply: Reply, ended: str) -> None:
    """Cut, empty, looping and filtered samples give no candidate, and say why."""
    assert texts(await told(lambda ask: reply)) == [ended]


async def test_a_cut_trace_goes_on_where_the_server_can() -> None:
    """The same trace is sent back as the answer's beginning, with the rest of the next budget, and no other model sees it."""
    script = [Reply(thinking="so far", finish_reason="length"), Reply(f" and on</think>{FENCED}")]
    async with ModelServer(script) as server, specialist(server, SamplingPlan(samples=1, first=1), continues="vllm") as solver:
        found = [one async for one in solver.propose(STEP)]
        assert texts(found) == [CODE]
        assert server.calls[1].messages[-1] == {"role": "assistant", "content": "<think>so far"}
        assert server.calls[1].body["max_tokens"] == 200
    assert "so far" not in found[0].model_dump_json()


async def test_a_cut_trace_is_sampled_anew_where_the_server_cannot() -> None:
    """With a larger budget, and the same question."""
    async with ModelServer([Reply(thinking="x", finish_reason="length"), FENCED]) as server:
        async with specialist(server, SamplingPlan(samples=1, first=1)) as solver:
            assert texts([one async for one in solver.propose(STEP)]) == [CODE]
        assert [ask.body["max_tokens"] for ask in server.calls] == [100, 300]
        assert server.calls[0].messages == server.calls[1].messages


async def test_waves_grow_only_when_all_before_have_failed() -> None:
    """One sample first, then two, then what is left; nobody asked for the next wave before the last was used up."""
    async with ModelServer(lambda ask: FENCED.replace("2 *", f"{ask.number} *")) as server:
        async with specialist(server, SamplingPlan(samples=4, first=1)) as solver, aclosing(solver.propose(STEP)) as stream:  # type: ignore[type-var]
            await anext(stream)
            assert [ask.n for ask in server.calls] == [1]
            assert len([one async for one in stream]) == 3
        assert [ask.n for ask in server.calls] == [1, 2, 1]


async def test_a_repair_shows_the_attempt_and_why_it_failed() -> None:
    """One fresh question that holds the failing code and the outcome; a long one is shortened in the middle."""
    miss = NearMiss(
        candidate=Candidate(author="m", text="def double(x):\n    return x\n"), passed=0, why="E assert 2 == 4\n" + "y" * 9000
    )
    async with ModelServer([FENCED]) as server, specialist(server, SamplingPlan()) as solver:
        (found,) = [one async for one in solver.repair(STEP, [miss])]
        (ask,) = server.calls
    assert isinstance(found, Candidate)
    assert found.depth == 2
    assert "return x\n" in ask.text
    assert "E assert 2 == 4" in ask.text
    assert len(ask.text) < 6000


async def test_an_endpoint_that_fails_is_no_answer_and_no_exception() -> None:
    """The step goes on to the next rung, and the reason is told."""
    found = await told(lambda ask: Reply(fault=Drop()), SamplingPlan(samples=8, first=2))
    assert texts(found) == ["failed"]


async def test_imports_and_helpers_come_along() -> None:
    """What stands beside the function in the fence is kept for the file, apart from the function itself."""
    fence = f"```python\nimport math\n\ndef helper(x):\n    return math.floor(x)\n\n{CODE.replace('2 * x', 'helper(2 * x)')}```"
    (found,) = await told([fence])
    assert isinstance(found, Candidate)
    assert found.text.startswith("def double")
    assert [piece.split()[1] for piece in found.also] == ["math", "helper(x):"]


async def test_a_program_is_shown_some_cases_and_asked_for_whole() -> None:
    """Standard input to standard output; bare code that parses is accepted."""
    check = CasesCheck(cases=tuple(Case(stdin=f"{n}\n", expected=f"{2 * n}\n") for n in range(9)))
    step = Step(id="p", goal="g", kind="program", problem="Double it.", check=check)
    async with (
        ModelServer(["print(2 * int(input()))\n"]) as server,
        specialist(server, SamplingPlan(samples=1, first=1)) as solver,
    ):
        assert texts([one async for one in solver.propose(step)]) == ["print(2 * int(input()))\n"]
        assert "Example 3" in server.calls[0].text
        assert "Example 4" not in server.calls[0].text


async def test_every_call_is_counted_also_one_that_was_cut_off() -> None:
    """The server's count where it came, an estimate, marked so, where the connection was closed before."""
    ledger = Ledger()
    slow = Reply(FENCED + " and so on" * 400, chunk=20, delay=0.05)
    with counted_in(ledger):
        script = [Reply(FENCED, usage=Usage(100, 40, thinking=10)), slow]
        async with ModelServer(script) as server, specialist(server, SamplingPlan(samples=1, first=1)) as solver:
            assert len([one async for one in solver.propose(STEP)]) == 1
            assert (ledger.used().prompt, ledger.used().thinking, ledger.used().answer) == (100, 10, 30)
            assert not ledger.used().estimated
            async with aclosing(solver.propose(STEP)) as stream:  # type: ignore[type-var]
                await anext(stream)
    assert [call.ended for call in ledger.calls] == ["complete", "cancelled"]
    assert ledger.used().estimated
    assert ledger.used().prompt > 200


VOTE = Step(id="v", goal="g", kind="answer", problem="What is 6 * 7?", check=AgreementCheck())


async def test_a_step_says_how_many_samples_it_wants() -> None:
    """The specialist's own number is for steps that don't; a vote's first wave is large enough to settle it."""
    step = VOTE.model_copy(update={"selection": Selection(samples=5)})
    async with ModelServer(lambda ask: "\\boxed{42}") as server, specialist(server, SamplingPlan(samples=9, first=1)) as solver:
        assert solver.samples == 9
        assert texts([one async for one in solver.propose(step)]) == ["42"] * 5
        assert [ask.body.get("n", 1) for ask in server.calls] == [3, 2]


async def test_temperatures_are_spread_where_that_is_wished() -> None:
    """From the preset's downwards, evenly; without a spread all samples of a wave are one request."""
    step = VOTE.model_copy(update={"selection": Selection(samples=5, spread=0.4)})
    async with ModelServer(lambda ask: "\\boxed{42}") as server, specialist(server, SamplingPlan(samples=5, first=5)) as solver:
        assert len([one async for one in solver.propose(step)]) == 5
        assert sorted(ask.body["temperature"] for ask in server.calls) == [0.6, 0.7, 0.8, 0.9, 1.0]


async def test_a_sample_that_was_cut_never_votes() -> None:
    """Also where a box stands in what came of it; compared with a known answer, that box counts."""
    reply = Reply("First I think \\boxed{41}, but", finish_reason="length")
    assert texts(await told([reply], step=VOTE)) == ["truncated"]
    known = VOTE.model_copy(update={"check": AnswerCheck(expected="42")})
    assert texts(await told([reply], step=known)) == ["41"]
