"""`ModelPlanner`: the large planner on any `Model`."""

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import ValidationError

from soloist_agents.contract import Plan, Situation, Specialist, Step, ToolCall
from soloist_agents.extract import python_program
from soloist_agents.models.completing import complete
from soloist_agents.models.contract import Completion, Message, Model, ModelMisbehaved, Request, ToolRequest
from soloist_agents.models.ledger import Metered
from soloist_agents.planner.conversation import SUBMIT, conversation, specs
from soloist_agents.planner.draft import PlanDraft
from soloist_agents.planner.drafting import PlanRefused, make_plan
from soloist_agents.planner.json_text import json_in
from soloist_agents.presets import PLAIN, Preset
from soloist_agents.prompts import render
from soloist_agents.solver import ModelSpecialist, SamplingPlan
from soloist_agents.step_check import TestsCheck

MOST_MENDINGS = 2
"""How often a refused plan may be submitted again."""
NO_MORE = "error: looking around has ended; submit the plan"
MOST_SAID = 4_000
"""Characters kept of what a model says beside its calls: its notes to itself."""
MOST_TURNS = 12
"""Turns of looking around; then a plan is asked for."""


class ModelPlanner:
    """Looks, plans, mends checks, and works on steps itself. Keeps no state: everything it knows stands in `Gathered`."""

    def __init__(
        self,
        model: Model,
        *,
        preset: Preset = PLAIN,
        plan: SamplingPlan | None = None,
        seconds: float = 600.0,
        turns: int = MOST_TURNS,
    ) -> None:
        """`seconds`: deadline of one call. `turns`: of looking around."""
        self._model = Metered(model)
        self._sampling = preset.sampling
        self._seconds = seconds
        self._turns = turns
        self._author = ModelSpecialist(
            model,
            preset=preset,
            plan=plan or SamplingPlan(samples=2, first=1, repair_rounds=2),
            name=model.name,
            role="planner",
        )

    own_calls = (SUBMIT,)
    """Calls that no tool answers."""

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def author(self) -> Specialist:
        """The planner as the last rung of the ladder, and as the author of glue and answers."""
        return self._author

    async def look(self, situation: Situation) -> Sequence[ToolCall]:
        """First, without asking the model: the files, the check, and where it points. Then what the model asks for."""
        if rule := _next_by_rule(situation):
            return (ToolCall(tool=rule),)
        calls = situation.gathered.calls
        turn = max((call.turn for call in calls), default=0)
        if turn - situation.planned_turn >= self._turns or _submitted(situation) is not None:
            return ()
        completion = await self._ask(situation, conversation(situation), "gather", choice="auto")
        if not completion.tool_calls:
            draft = None if situation.asks else json_in(completion.content)
            return (ToolCall(tool=SUBMIT, arguments=draft, id=f"call_{turn + 1}", turn=turn + 1),) if draft else ()
        first, *rest = (_call(asked, turn + 1, number) for number, asked in enumerate(completion.tool_calls))
        return (first.model_copy(update={"said": completion.content[:MOST_SAID]}), *rest)

    async def plan(self, situation: Situation) -> Plan:
        """The submitted plan, mended where it can't be used. Raises `ModelMisbehaved` when it never can."""
        if situation.asks:
            return Plan(steps=(_question(situation),))
        messages, submitted = conversation(situation), _submitted(situation)
        problems: list[str] = ["it never submitted one"]
        for _ in range(MOST_MENDINGS + 1):
            if submitted is None:
                submitted, messages = await self._submission(situation, messages)
            if submitted is None:
                continue  # it still looked around, and was told that this has ended
            try:
                draft = PlanDraft.model_validate(dict(submitted.arguments))
                return make_plan(draft, situation)
            except ValidationError as invalid:
                problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in invalid.errors()]
            except PlanRefused as refused:
                problems = list(refused.problems)
            messages = (*messages, Message(role="user", content=render("planner_refused", problems=problems)))
            submitted = None
        raise ModelMisbehaved(f"{self.name} made no usable plan in {MOST_MENDINGS + 1} attempts: {'; '.join(problems[:3])}")

    async def rewrite_check(self, step: Step, fault: str) -> Step | None:
        """The step with its tests written again; None for checks that this planner did not write."""
        if not isinstance(step.check, TestsCheck):
            return None
        question = Message(role="user", content=render("planner_check", step=step, fault=fault))
        request = Request(messages=(question,), sampling=self._sampling, seconds=self._seconds, role="planner", step=step.id)
        (completion,) = await complete(self._model, request)
        program = python_program(completion.content, None)
        if program is None:
            return None
        (path,) = step.check.files
        return step.model_copy(update={"check": TestsCheck(files={path: program})})

    async def _submission(
        self, situation: Situation, messages: tuple[Message, ...]
    ) -> tuple[ToolCall | None, tuple[Message, ...]]:
        """One more call, in which nothing but a plan is of use, and the conversation with it."""
        completion = await self._ask(situation, messages, "plan", choice="required")
        call = next((c for c in completion.tool_calls if c.name == SUBMIT), None)
        if call is None and completion.tool_calls:
            looks = Message(role="assistant", tool_calls=completion.tool_calls)
            told = [Message(role="tool", tool_call_id=c.id, content=NO_MORE) for c in completion.tool_calls]
            return None, (*messages, looks, *told)
        if call is None:
            reply = Message(role="assistant", content=completion.content or "(no plan)")
            return ToolCall(tool=SUBMIT, arguments=json_in(completion.content) or {}), (*messages, reply)
        reply = Message(role="assistant", tool_calls=(call,))
        answer = Message(role="tool", tool_call_id=call.id, content="submitted")
        return _call(call, 1, 0), (*messages, reply, answer)

    async def _ask(
        self, situation: Situation, messages: tuple[Message, ...], purpose: str, *, choice: Literal["auto", "required"]
    ) -> Completion:
        request = Request(
            messages=messages,
            tools=specs(situation.tools, submits=not situation.asks),
            tool_choice=choice,
            sampling=self._sampling,
            seconds=self._seconds,
            role="planner",
            step=purpose,
        )
        (completion,) = await complete(self._model, request)
        return completion


def _submitted(situation: Situation) -> ToolCall | None:
    """The plan that was submitted since the last one was carried out."""
    fresh = [call for call in situation.gathered.calls if call.tool == SUBMIT and call.turn > situation.planned_turn]
    return fresh[-1] if fresh else None


def _question(situation: Situation) -> Step:
    return Step(id="answer", goal=situation.goal, kind="knowledge", problem=situation.goal, task=situation.goal)


def _next_by_rule(situation: Situation) -> str | None:
    """What every task begins with; no model need be asked."""
    used, there = {call.tool for call in situation.gathered.calls}, {tool.name for tool in situation.tools}
    baseline = situation.gathered.baseline
    failed = baseline is not None and baseline.exit_code != 0 and not situation.implied
    wanted: tuple[str, ...] = ("files", "run_check", "trace_check") if failed else ("files", "run_check")
    for name in wanted:
        if name in there and name not in used:
            return name
    return None


def _call(asked: ToolRequest, turn: int, number: int) -> ToolCall:
    """The call; one whose arguments are no JSON object is answered at once."""
    name = asked.id or f"call_{turn}_{number}"
    try:
        arguments = json.loads(asked.arguments or "{}")
    except ValueError as error:
        arguments = error
    if not isinstance(arguments, dict):
        wrong = f"the arguments are no JSON object: {arguments}"
        return ToolCall(tool=asked.name, arguments={"as_sent": asked.arguments[:2000]}, id=name, turn=turn, answer=wrong)
    return ToolCall(tool=asked.name, arguments=arguments, id=name, turn=turn)
