"""The orchestrator: opens what a run needs, drives the graph, and closes everything, whatever happens."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command
from soloist_agents.contract import Author, Planner, PlannerNeeded, Specialist
from soloist_agents.models.ledger import Call, Ledger, counted_in
from soloist_agents.models.prices import PriceTable
from soloist_agents.playbook import Playbook
from soloist_agents.search.specialist import Search
from soloist_agents.selection.choosing import chosen
from soloist_sandbox.contract import PytestCheck, Sandbox
from soloist_tools.looking import looking_tools
from soloist_tools.tree import Tree
from soloist_tools.workspace import copy_tree

from soloist.engine import open_sandbox
from soloist.events import Journal, Listener
from soloist.graph.state import Input
from soloist.graph.wiring import build
from soloist.history import History
from soloist.ladder import Ladder
from soloist.live import Live
from soloist.one_step import planner_for
from soloist.reasoning import tool_in
from soloist.report import Report
from soloist.rundir import RunDir
from soloist.task import Task

T = TypeVar("T")

Approver = Callable[[str], Awaitable[bool]]
"""Shown a proved diff; True applies it."""

MOST_SUPERSTEPS = 100_000
"""LangGraph's guard against endless graphs; ours is the budget."""

OWN_SUITE = PytestCheck(args=("-q",), as_module=True)
CANCEL_AGAIN_SECONDS = 1.0
STEPS_AT_ONCE = 3
"""Enough to keep the sandbox busy, few enough for the most suspicious steps to be served first."""


class Orchestrator:
    """Runs tasks. Holds no global state: two of them in one process don't touch each other."""

    def __init__(
        self,
        *,
        planner: Planner | None = None,
        ladder: Sequence[Specialist] = (),
        sandbox: Sandbox | None = None,
        image: str = "base",
        backend: str | None = None,
        runtime: str | None = None,
        state: Path | None = None,
        listener: Listener | None = None,
        prices: PriceTable | None = None,
        scrub: Callable[[str], str] | None = None,
        tools: Sequence[BaseTool] = (),
    ) -> None:
        """Everything has a default that needs no key and no model.

        `ladder`: specialists, cheapest first. `sandbox`: else `backend` with `image`, else the first that works of Docker and
        bubblewrap.
        `state`: where runs are kept, else the XDG state folder. `listener` hears every event. `prices`: what tokens cost.
        `scrub` takes secrets out of text before it is kept or told.
        `tools`: further LangChain tools for the planner to look around with.
        """
        self._planner = planner or Playbook()
        self._ladder = tuple(ladder) or (Search(),)
        self._sandbox = sandbox
        self._image = image
        self._backend = backend
        self._runtime = runtime
        self._state = state
        self._listener = listener
        self._prices = prices or PriceTable()
        self._scrub = scrub or str
        self._tools = tuple(tools)

    async def run(self, task: Task, *, approve: Approver | None = None) -> Report:
        """Do the task. The repository is written only when a proved patch is approved.

        Raises `ValueError` for an unusable task, `SandboxUnavailable`, `PlannerNeeded`.
        """
        if task.repository is not None:
            _refuse_bad_repository(task.repository)
        elif task.problem is not None:
            chosen(task.selection, task.problem.kind, task.problem.check)  # refused here, where it was asked for
        if task.repository is None and not _ladder(self._ladder).specialists and not isinstance(self._planner, Author):
            raise PlannerNeeded("a problem needs a model to solve it: name one with --specialist or SOLOIST_SPECIALIST")
        run = await asyncio.to_thread(RunDir.new, self._state)
        run.put_task(task)
        start: Input = {
            "goal": task.goal,
            "repository": str(task.repository or ""),
            "check": task.check.model_dump(mode="json") if task.check else None,
        }
        return await self._drive(task, run, start, approve)

    async def resume(self, run_id: str, *, approve: Approver | None = None) -> Report:
        """Go on with a run that was interrupted; finished steps are not done again. Raises as `run`."""
        run = await asyncio.to_thread(RunDir.find, run_id, self._state)
        if not run.tree.is_dir():
            raise ValueError(f"run {run.id} has ended; there is nothing to resume")
        run.claim()
        return await self._drive(run.get_task(), run, None, approve)

    def run_sync(self, task: Task) -> Report:
        """`run` for callers without an event loop. A patch is applied only where the task says "always"."""
        return asyncio.run(self.run(task))

    async def _drive(self, task: Task, run: RunDir, start: Input | None, approve: Approver | None) -> Report:
        async with AsyncExitStack() as stack:
            stack.callback(run.remove_trees)
            if start is not None:
                await _copy(task, run.tree)
            live = await self._open(task, run, stack)
            stack.enter_context(counted_in(live.ledger))
            saver = await stack.enter_async_context(AsyncSqliteSaver.from_conn_string(str(run.checkpoints)))
            graph = build(saver)
            config: RunnableConfig = {
                "configurable": {"thread_id": run.id},
                "recursion_limit": MOST_SUPERSTEPS,
                "max_concurrency": STEPS_AT_ONCE,
            }
            feed: Any = start
            while True:
                result = await _cancellable(graph.ainvoke(feed, config, context=live, durability="sync"))
                if "__interrupt__" not in result:
                    return Report.model_validate(result["report"])
                asked = result["__interrupt__"][0].value
                feed = Command(resume=bool(approve and await approve(asked["diff"])))

    async def _open(self, task: Task, run: RunDir, stack: AsyncExitStack) -> Live:
        """The live objects; closed by `stack` in reverse order, also when opening fails halfway."""
        run.scrub = self._scrub
        journal = Journal(run.events, self._listener, self._scrub)
        stack.callback(journal.close)
        say = _Say(journal)
        sandbox = self._sandbox or await open_sandbox(self._image, self._backend, say, self._runtime)
        journal.emit("sandbox", f"sandbox: {sandbox.name}", name=sandbox.name)
        session = await sandbox.open(run.tree, limits=task.budget.check_limits)
        stack.push_async_callback(session.close)
        planner = planner_for(task.problem, self._planner) if task.problem else self._planner
        implied = not isinstance(planner, Playbook) and await asyncio.to_thread(_has_suite, task, run.tree)
        if implied:
            task = task.model_copy(update={"check": OWN_SUITE})
        history = History(self._state)
        stack.callback(history.keep)
        live = Live(
            task=task,
            run=run,
            sandbox=sandbox,
            session=session,
            planner=planner,
            ladder=_ladder(self._ladder),
            journal=journal,
            ledger=Ledger(prices=self._prices, caps=task.budget, calls=run.calls(), heard=_Tally(journal, run)),
            history=history,
            tools=() if task.problem else (*looking_tools(run.tree, session, task.check, edits=not task.asks), *self._tools),
            deadline=time.monotonic() + task.budget.seconds,
            implied=implied,
        )
        stack.push_async_callback(live.streams.close)
        if live.ladder.specialists and not task.problem and not task.asks:
            live.tools = (*live.tools, tool_in(live))
        return live


async def _cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Await the graph, and when cancelled, cancel it until it has ended.

    Once is not enough: a cancellation that arrives while LangGraph writes a checkpoint can get lost in it, and the run goes on.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)
        if not task.cancelled():
            task.exception()  # it was asked to end; how it did is no news
        raise


class _Say:
    """Progress lines of the image's build, as events."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, line: str) -> None:
        self._journal.emit("image", line)


class _Tally:
    """Keeps each call of a model in the run's folder, so that a resumed run knows what was spent."""

    def __init__(self, journal: Journal, run: RunDir) -> None:
        self._journal = journal
        self._run = run

    def __call__(self, call: Call) -> None:
        self._run.add_call(call)
        usage = call.usage
        text = (
            f"{call.role} ({call.model}) for {call.step}: {usage.prompt} + {usage.thinking} + {usage.answer} tokens, {call.ended}"
        )
        self._journal.emit("model.call", text, **call.model_dump(mode="json"))


def _ladder(rungs: Sequence[Specialist]) -> Ladder:
    search = next((rung for rung in rungs if isinstance(rung, Search)), None)
    return Ladder(search=search, specialists=tuple(rung for rung in rungs if rung is not search))


def _has_suite(task: Task, tree: Path) -> bool:
    """A repository with tests of its own, and a task without a check: the tests must still pass at the end."""
    if task.check is not None or task.problem is not None or task.asks:
        return False
    return any(fnmatch(path.rpartition("/")[2], "test_*.py") or path.endswith("_test.py") for path in Tree(tree))


async def _copy(task: Task, into: Path) -> None:
    """The working copy; cancelling waits until the copying thread has stopped and cleaned up."""
    if task.repository is None:
        await asyncio.to_thread(into.mkdir, parents=True)
        return
    stop = threading.Event()
    work = asyncio.create_task(asyncio.to_thread(copy_tree, task.repository, into, stop=stop))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([work])
        raise


def _refuse_bad_repository(repository: Path) -> None:
    if not repository.is_dir():
        raise ValueError(f"there is no folder {repository}; name the repository with --repo")
    if not any(repository.iterdir()):
        raise ValueError(f"the folder {repository} is empty")
