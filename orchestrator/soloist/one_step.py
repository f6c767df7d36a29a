"""The planner of a single problem: one step, the problem itself."""

from collections.abc import Sequence

from soloist_agents.contract import Author, Plan, Planner, Situation, Specialist, Step, ToolCall

from soloist.task import Problem


class OneStep:
    """Looks at nothing. Where there is a planner model, it is the last rung."""

    name = "none"

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    async def look(self, situation: Situation) -> Sequence[ToolCall]:
        """Nothing: the problem is self-contained."""
        return ()

    async def plan(self, situation: Situation) -> Plan:
        """The problem as a step, once."""
        if situation.history:
            return Plan(steps=())
        problem = self._problem
        step = Step(
            id="problem",
            goal=situation.goal,
            kind=problem.kind,
            target=problem.target,
            problem=problem.text,
            check=problem.check,
            reason="a self-contained problem",
        )
        return Plan(steps=(step,))


class OneStepWithAuthor(OneStep):
    """The same, with a planner model behind the specialists."""

    def __init__(self, problem: Problem, author: Specialist) -> None:
        super().__init__(problem)
        self.author = author


def planner_for(problem: Problem, planner: Planner) -> Planner:
    """The planner of a problem task."""
    return OneStepWithAuthor(problem, planner.author) if isinstance(planner, Author) else OneStep(problem)
