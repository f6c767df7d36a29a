"""What our own code costs beside a bare `openai` loop that makes the same calls.

    python tests/benchmarks/model_overhead.py [--repeats 5] [--streams 64] [--pieces 400] [--part run|streams] [--json OUT]

Part "run": a whole run (planner, five functions by a specialist, tests in a sandbox) with 10 model calls, beside the same calls
made by our client alone and by a bare loop. Part "streams": specialists on many steps at once, each hearing a long stream of
thinking and a function, beside bare streams of the same bodies. "paced": a quarter of the pieces, each coming alone, as from a
model; "at once": as fast as the server can send; a third, short kind tells the cost of a call from that of a piece.

Each way runs in a process of its own, in turns with the others, against one scripted server in another process. CPU time is user
and system time of the client's process alone: neither the server's nor the sandbox's counts. Peak memory is VmHWM.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # What a client imports is what is measured, so this file imports little before it knows what it is.
    from soloist.testing import Ask, Reply
    from soloist_agents.contract import Step
    from soloist_agents.models.contract import Request
    from soloist_agents.models.endpoint import Endpoint

PLANNER, SPECIALIST = "planner", "specialist"
READS, FUNCTIONS = 4, 5
CALLS = READS + 1 + FUNCTIONS
"""Four of looking around, one with the plan, one for each function."""
KINDS = ("paced", "at once", "short")
BARE, BARE_AIOHTTP = "openai, httpx", "openai, aiohttp"
WAYS = {"run": ("soloist run", "our client", BARE_AIOHTTP, BARE), "streams": ("specialist", "our client", BARE_AIOHTTP, BARE)}
SHORT = 4
PACE = 0.04
"""Seconds between two pieces of one stream: slow enough for no way to fall behind, which would have pieces come together."""
CLIENT_SECONDS = 180


def source(number: int) -> str:
    """A function that a specialist is asked for."""
    return (
        f'def step_{number}(values):\n    """Every value times {number}."""\n    return [value * {number} for value in values]\n'
    )


def tests(number: int) -> str:
    """Its tests."""
    call = f"from shop.part_{number} import step_{number}\n\n    assert step_{number}"
    return f"def test_some():\n    {call}([1, 2]) == [{number}, {2 * number}]\n\n\ndef test_none():\n    {call}([]) == []\n"


# The scripted server


def said(pieces: int, number: int, delay: float = 0.0) -> "Reply":
    """So many pieces of thinking, none like another, and the function."""
    from soloist.testing import Reply

    thinking = "".join(f"{at * 7919 % 10007:>5} is so, but then" for at in range(pieces))
    return Reply(f"```python\n{source(number)}```\n", thinking=thinking, chunk=20, delay=delay)


def script(pieces: int, record: Path) -> "Callable[[Ask], Reply]":
    """What the models say. Every body is kept, to be sent again by the bare loops."""
    from soloist.testing import Reply, ToolCall

    plan = [
        {
            "id": f"s{number}",
            "kind": "function",
            "goal": f"part {number}",
            "target": f"shop/part_{number}.py::step_{number}",
            "statement": f"`step_{number}(values)`: a list of every value times {number}.",
            "check": {"tests": tests(number)},
        }
        for number in range(1, FUNCTIONS + 1)
    ]
    replies = {
        "paced": said(pieces // 4, 1, PACE),
        "at once": said(pieces, 1),
        "short": said(SHORT, 1),
    } | {f"{SPECIALIST} {number}": said(40, number) for number in range(1, FUNCTIONS + 1)}

    def answer(ask: "Ask") -> Reply:
        with record.open("a") as file:
            file.write(json.dumps(ask.body) + "\n")
        if ask.model in replies:
            return replies[ask.model]
        if ask.model == PLANNER:
            turn = sum(message["role"] == "assistant" for message in ask.messages)
            call = (
                ToolCall("read", {"path": f"shop/data_{turn}.py"}) if turn < READS else ToolCall("submit_plan", {"steps": plan})
            )
            return Reply(tool_calls=(call,))
        number = next(number for number in range(1, FUNCTIONS + 1) if f"`step_{number}" in ask.text)
        return replies[f"{SPECIALIST} {number}"]

    return answer


async def serve(pieces: int, record: str) -> None:
    """Print the address, and serve until killed."""
    from soloist.testing import ModelServer

    async with ModelServer(script(pieces, Path(record))) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


# A client


def cpu() -> float:
    """Seconds of user and system time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """MiB. Not `ru_maxrss`, which a process inherits from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


Send = Callable[[Mapping[str, Any]], Awaitable[int]]
"""Makes a call; gives the number of events."""


@asynccontextmanager
async def bare(url: str, way: str) -> AsyncGenerator[Send]:
    """A plain loop on the `openai` package."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    http = DefaultAioHttpClient() if way == BARE_AIOHTTP else None
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http) as client:

        async def send(body: Mapping[str, Any]) -> int:
            events, texts = 0, []
            async for chunk in await client.chat.completions.create(**body):
                events += 1
                for choice in chunk.choices:
                    texts.append(choice.delta.content or getattr(choice.delta, "reasoning", None) or "")
            "".join(texts)
            return events

        yield send


@asynccontextmanager
async def ours(url: str) -> AsyncGenerator[Send]:
    """Our client, without a graph around it."""
    async with endpoints(url) as endpoint:

        async def send(body: Mapping[str, Any]) -> int:
            return sum([1 async for _ in endpoint(body["model"]).stream(request_of(body))])

        yield send


@asynccontextmanager
async def endpoints(url: str) -> AsyncGenerator[Callable[[str], "Endpoint"]]:
    """Our clients by model's name, each made when it is first asked for."""
    from soloist_agents.models.endpoint import Endpoint
    from soloist_agents.models.settings import EndpointSettings

    made: dict[str, Endpoint] = {}

    def endpoint(model: str) -> Endpoint:
        return made.setdefault(model, Endpoint(EndpointSettings(name=model, base_url=url, concurrency=1000)))

    try:
        yield endpoint
    finally:
        for each in made.values():
            await each.close()


def request_of(body: Mapping[str, Any]) -> "Request":
    """The body that our client has sent, as the request that it came from."""
    from soloist_agents.models.contract import Message, Request, Sampling, ToolRequest, ToolSpec

    messages = [
        Message(
            role=told["role"],
            content=told["content"] or "",
            tool_call_id=told.get("tool_call_id", ""),
            tool_calls=tuple(ToolRequest(id=call["id"], **call["function"]) for call in told.get("tool_calls", ())),
        )
        for told in body["messages"]
    ]
    tools = tuple(ToolSpec(**tool["function"]) for tool in body.get("tools", ()))
    sampling = Sampling(max_tokens=body.get("max_tokens"))
    return Request(messages=tuple(messages), tools=tools, tool_choice=body.get("tool_choice"), sampling=sampling)


def steps(count: int) -> "list[Step]":
    """Steps for specialists, no two alike."""
    from soloist_agents.contract import Step
    from soloist_agents.step_check import TestsCheck

    return [
        Step(
            id=f"s{number}",
            goal="a part",
            kind="function",
            target="shop/part_1.py::step_1",
            problem=f"`step_1(values)`: a list of every value times 1. (Question {number}.)",
            check=TestsCheck(files={"test_part.py": tests(1)}),
        )
        for number in range(count)
    ]


@asynccontextmanager
async def specialists(url: str) -> AsyncGenerator[Send]:
    """A specialist on a step; the body says which."""
    from soloist_agents.contract import Candidate
    from soloist_agents.presets import PLAIN
    from soloist_agents.solver import ModelSpecialist, SamplingPlan

    async with endpoints(url) as endpoint:
        plan = SamplingPlan(samples=1, first=1)

        async def send(body: Mapping[str, Any]) -> int:
            specialist = ModelSpecialist(endpoint(body["model"]), preset=PLAIN, plan=plan)
            told = [one async for one in specialist.propose(body["step"])]
            if not (len(told) == 1 and isinstance(told[0], Candidate)):
                raise RuntimeError(f"one candidate was to come, not {told}")
            return 0

        yield send


def sender(way: str, url: str) -> Any:
    """The context in which a way's calls are made."""
    return specialists(url) if way == "specialist" else ours(url) if way == "our client" else bare(url, way)


def recorded(bodies: Path) -> list[dict[str, Any]]:
    """Calls as they were heard."""
    return [json.loads(line) for line in bodies.read_text().splitlines()]


async def replayed(way: str, url: str, bodies: Path) -> dict[str, Any]:
    """The recorded calls one after the other."""
    calls = recorded(bodies)
    async with sender(way, url) as send:
        start = cpu()
        await send(calls[0])
        first = cpu()
        for body in calls[1:]:
            await send(body)
        end = cpu()
    return {"start": start, "calls": end - start, "further": (end - first) / (len(calls) - 1), "peak": peak()}


async def whole_run(url: str, backend: str, repository: Path) -> dict[str, Any]:
    """A run through the SDK, put together as the command does it."""
    from soloist import Orchestrator, Task
    from soloist_agents.planner import ModelPlanner
    from soloist_agents.presets import PLAIN
    from soloist_agents.search.specialist import Search
    from soloist_agents.solver import ModelSpecialist

    async with endpoints(url) as endpoint:
        planner = ModelPlanner(endpoint(PLANNER))
        ladder = (Search(64), ModelSpecialist(endpoint(SPECIALIST), preset=PLAIN))
        start = cpu()
        state = repository.parent / f"state-{os.getpid()}"
        orchestrator = Orchestrator(planner=planner, ladder=ladder, backend=backend or None, state=state)
        report = await orchestrator.run(Task(goal="Write the five parts", repository=repository, approval="never"))
        end = cpu()
    if not (report.solved and report.ledger and report.ledger.calls == CALLS):
        raise RuntimeError(f"the run was to be solved with {CALLS} calls: {report.model_dump_json()}")
    return {"start": start, "calls": end - start, "further": None, "peak": peak()}


async def streamed(way: str, url: str, bodies: Path, count: int) -> dict[str, Any]:
    """The recorded calls all at once, in each kind, over connections that are open already."""
    calls = [{"step": step} for step in steps(count)] if way == "specialist" else recorded(bodies)
    found: dict[str, Any] = {}
    async with sender(way, url) as send:
        for kind in KINDS:
            await asyncio.gather(*(send({**body, "model": kind}) for body in calls))
            start, begun = cpu(), time.perf_counter()
            events = await asyncio.gather(*(send({**body, "model": kind}) for body in calls))
            found[kind] = {"cpu": cpu() - start, "seconds": time.perf_counter() - begun, "events": sum(events)}
    return {**found, "peak": peak()}


async def client(part: str, way: str, url: str, bodies: str, detail: str) -> None:
    """Print what a way costs. `detail`: the sandbox's backend, or how many streams."""
    if way == "soloist run":
        found = await whole_run(url, detail, Path(bodies).parent / "repository")
    elif part == "run":
        found = await replayed(way, url, Path(bodies))
    else:
        found = await streamed(way, url, Path(bodies), int(detail))
    print(json.dumps(found))


# The measurement


@contextmanager
def server(pieces: int, record: Path) -> Iterator[str]:
    """The scripted server in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__, "serve", str(pieces), str(record)], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            raise SystemExit("the scripted server did not start")
        yield url
    finally:
        process.kill()
        process.wait()


def measured(part: str, way: str, url: str, bodies: Path, detail: str) -> dict[str, Any]:
    """One client from its start to its end."""
    command = [sys.executable, __file__, "client", part, way, url, str(bodies), detail]
    done = subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False)
    if done.returncode:
        raise SystemExit(f"{way} has failed:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def in_turns(part: str, typed: argparse.Namespace, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every way as often as wanted. A first turn of our own records the bodies and warms the machine."""
    record, bodies = folder / "heard", folder / "bodies"
    detail = typed.backend if part == "run" else str(typed.streams)
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS[part]}
    with server(typed.pieces, record) as url:
        measured(part, WAYS[part][0], url, bodies, detail)
        heard = record.read_text().splitlines()
        bodies.write_text("\n".join(heard[: CALLS if part == "run" else typed.streams]) + "\n")
        for turn in range(typed.repeats):
            for way in WAYS[part] if turn % 2 else WAYS[part][::-1]:
                found[way].append(measured(part, way, url, bodies, detail))
    return found


def middle(values: Sequence[float]) -> float:
    """The median."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def ranged(values: Sequence[float], scale: float = 1.0, digits: int = 0) -> str:
    """`median (least to most)`."""
    return "{0:.{3}f} ({1:.{3}f} to {2:.{3}f})".format(*(x * scale for x in (middle(values), min(values), max(values))), digits)


def ratio(costs: Sequence[float], bare_costs: Sequence[float]) -> str:
    """Of a way's costs to the bare loop's, turn by turn."""
    return ranged([cost / other for cost, other in zip(costs, bare_costs, strict=True)], digits=2)


def repository_in(folder: Path) -> None:
    """A small package that the run is about."""
    shop = folder / "repository" / "shop"
    shop.mkdir(parents=True)
    (shop / "__init__.py").write_text("")
    for number in range(READS):
        table = "".join(f"ROW_{row} = ({row}, {row * number}, 'row {row}')\n" for row in range(60))
        (shop / f"data_{number}.py").write_text(f'"""Table {number}."""\n\n{table}')


def run_part(typed: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Print the table of whole runs."""
    from measuring import line

    repository_in(folder)
    ways = in_turns("run", typed, folder)
    widths = (18, 22, 22, 22, 22, 22)
    print(f"\nA run with {CALLS} model calls: median (least to most) of {typed.repeats}; CPU of the client's process alone")
    line(("way", "start-up ms", f"{CALLS} calls ms", "further call ms", "MiB at peak", f"calls, to {BARE}"), widths)
    for way, rows in ways.items():
        further = ranged([row["further"] for row in rows], 1000, 2) if rows[0]["further"] else ""
        cells = (ranged([row["start"] for row in rows], 1000), ranged([row["calls"] for row in rows], 1000), further)
        line(
            (way, *cells, ranged([row["peak"] for row in rows]), ratio(*([r["calls"] for r in ways[w]] for w in (way, BARE)))),
            widths,
        )
    return {"run": ways}


def streams_part(typed: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Print the tables of concurrent streams."""
    from measuring import line

    ways = in_turns("streams", typed, folder)
    events = {kind: ways[BARE][0][kind]["events"] for kind in KINDS}
    widths = (18, 22, 26, 18, 22, 22)
    print(f"\n{typed.streams} streams at once: median (least to most) of {typed.repeats}; CPU of the client's process alone")
    for kind in ("paced", "at once"):
        print(f"\n{kind}: {events[kind]} events, {events[kind] // typed.streams} a call")
        line(("way", "events a second", "events a CPU second", "CPU ms a call", "CPU us an event", f"CPU, to {BARE}"), widths)
        spent = {way: [row[kind]["cpu"] for row in rows] for way, rows in ways.items()}
        for way, used in spent.items():
            cells = (
                ranged([events[kind] / row[kind]["seconds"] for row in ways[way]]),
                ranged([events[kind] / one for one in used]),
                ranged(used, 1000 / typed.streams, 1),
                ranged(used, 1e6 / events[kind], 1),
            )
            line((way, *cells, ratio(used, spent[BARE])), widths)
    parts(ways, events, typed.streams)
    return {"streams": ways, "events": events}


def parts(ways: Mapping[str, list[dict[str, Any]]], events: Mapping[str, int], streams: int) -> None:
    """Print what a call costs by itself and what each event adds, from long and short streams."""
    from measuring import line

    widths = (18, 26, 26, 22)
    print("\nof which")
    line(("way", "a call by itself, ms", "an event more, us", "MiB at peak"), widths)
    for way, rows in ways.items():
        more = [(row["at once"]["cpu"] - row["short"]["cpu"]) / (events["at once"] - events["short"]) for row in rows]
        itself = [(row["short"]["cpu"] - each * events["short"]) / streams for row, each in zip(rows, more, strict=True)]
        line((way, ranged(itself, 1000, 2), ranged(more, 1e6, 1), ranged([row["peak"] for row in rows])), widths)


def main() -> None:
    """See the module's docstring."""
    from measuring import scratch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--pieces", type=int, default=400, help="of thinking in a long stream")
    parser.add_argument("--part", choices=("run", "streams"), action="append", help="by default both")
    parser.add_argument("--backend", default="", help="docker or bubblewrap; by default the first that works")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every measurement")
    typed = parser.parse_args()
    found: dict[str, Any] = {}
    for part in typed.part or ("run", "streams"):
        with scratch() as folder:
            found |= (run_part if part == "run" else streams_part)(typed, folder)
    print(f"\nload {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} CPUs")
    if typed.json:
        typed.json.write_text(json.dumps({"load": os.getloadavg(), **found}, indent=1))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", pieces, record]:
            asyncio.run(serve(int(pieces), record))
        case ["client", part, way, url, bodies, detail]:
            asyncio.run(client(part, way, url, bodies, detail))
        case _:
            main()
