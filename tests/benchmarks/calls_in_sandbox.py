"""Runs inside the sandbox: calls a function on every input and prints a line of JSON for each result.

    python calls_in_sandbox.py MODULE FUNCTION ADAPTER < inputs.txt

An input is a Python literal on a line of its own. The adapter says how a literal becomes arguments and how a result
becomes plain again, for programs on nodes and lists.
"""

import ast
import importlib
import json
import signal
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

SECONDS_EACH = 1.0


def plain(value: Any) -> Any:
    """JSON that keeps types apart; what is lazy is listed."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": sorted(([plain(key), plain(item)] for key, item in value.items()), key=repr)}
    if isinstance(value, set | frozenset):
        return {"set": sorted((plain(item) for item in value), key=repr)}
    if hasattr(value, "__next__"):
        return {"lazy": [plain(item) for item in value]}
    return {type(value).__name__: repr(value)}


def nodes(count: int, links: list[tuple[int, int]]) -> list[Any]:
    """A graph of the programs' own nodes."""
    node = importlib.import_module("node").Node
    made = [node(value) for value in range(count)]
    for one in made:
        one.successors, one.predecessors, one.incoming_nodes, one.outgoing_nodes = [], [], [], []
    for start, end in links:
        made[start].successors.append(made[end])
        made[start].outgoing_nodes.append(made[end])
        made[end].predecessors.append(made[start])
        made[end].incoming_nodes.append(made[start])
    return made


def chain(count: int, back_to: int | None) -> Any:
    """A linked list; its last node leads back to one of them or nowhere. None for an empty one."""
    made = nodes(count, [])
    for one, two in pairwise(made):
        one.successor = two
    if made and back_to is not None:
        made[-1].successor = made[back_to]
    return made[0] if made else None


def on_call(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def on_in_place(function: Callable[..., Any], *arguments: Any) -> Any:
    result = function(*arguments)
    return list(arguments) if result is None else result


def on_reach(function: Callable[..., Any], count: int, links: list[tuple[int, int]], start: int, goal: int) -> Any:
    made = nodes(count, links)
    return function(made[start], made[goal])


def on_order(function: Callable[..., Any], count: int, links: list[tuple[int, int]]) -> Any:
    return [node.value for node in function(nodes(count, links))]


def on_chain(function: Callable[..., Any], count: int, back_to: int | None) -> Any:
    return function(chain(count, back_to))


def on_turned_chain(function: Callable[..., Any], count: int) -> Any:
    node, values = function(chain(count, None)), []
    while node is not None:
        values.append(node.value)
        node = node.successor
    return values


ADAPTERS = {
    "call": on_call,
    "in place": on_in_place,
    "reach": on_reach,
    "order": on_order,
    "chain": on_chain,
    "turned chain": on_turned_chain,
}


def told(adapter: Callable[..., Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """The result, or how the call ended."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS_EACH)
    try:
        return {"returns": plain(adapter(function, *arguments))}
    except RecursionError:
        return {"raises": "RecursionError"}
    except Exception as error:
        return {"raises": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def too_long(*_: Any) -> None:
    """Called by the alarm."""
    raise TimeoutError


def main() -> None:
    """See the module's docstring."""
    module, name, adapter = sys.argv[1:4]
    out = sys.stdout
    sys.stdout = sys.stderr  # what the function prints is not its result
    function = getattr(importlib.import_module(module), name)
    signal.signal(signal.SIGALRM, too_long)
    for line in sys.stdin:
        out.write(json.dumps(told(ADAPTERS[adapter], function, ast.literal_eval(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
