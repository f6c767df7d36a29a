"""Closing a row of brackets, one symbol and the stack after it at a time."""

import re
from collections.abc import Sequence

from soloist_agents.selection.steps.mistake import Mistake

_CLOSES = {"(": ")", "[": "]", "{": "}", "<": ">"}
_STEP = re.compile(r"\s*([][(){}<>])\s*;\s*stack:\s*(.*?)\s*\.?\s*", re.DOTALL)
_END = re.compile(r"final stack is\s*(?:\"([^\"]*)\"|(empty))")
_ANSWER = re.compile(r"answer is:?\s*(.*?)\s*\.?\s*\Z", re.DOTALL)
_POPPED = re.compile(r"pop out (.*)", re.DOTALL)
_ITEM = re.compile(r"\"([][(){}<>\s]+)\"(?:\s*(\w+)(?: times)?)?")
_TIMES = {"twice": 2, "two": 2, "three": 3, "thrice": 3, "four": 4, "five": 5, "six": 6}
_SYMBOLS = re.compile(r"[][(){}<>]")


def bracket_mistake(question: str, steps: Sequence[str]) -> Mistake | None:
    """The first step that reads another symbol, or keeps another stack, than there is; None where all are right.

    The question is the row of brackets. Steps of other forms say nothing and are passed over.
    """
    row, place, stack = _SYMBOLS.findall(question), 0, list[str]()
    for number, step in enumerate(steps):
        if match := _STEP.fullmatch(step):
            if place >= len(row) or match[1] != row[place]:
                return Mistake(number, f"the next symbol is {row[place] if place < len(row) else 'none'}, not {match[1]}")
            _push(stack, row[place])
            place += 1
            if _symbols(match[2]) != stack:
                return Mistake(number, f"the stack is {_shown(stack)}")
        elif why := _wrong_end(step, row[place:], stack):
            return Mistake(number, why)
    return None


def _push(stack: list[str], symbol: str) -> None:
    if symbol in _CLOSES:
        stack.append(symbol)
    elif stack and _CLOSES[stack[-1]] == symbol:
        stack.pop()
    else:
        stack.append(symbol)


def _wrong_end(step: str, unread: Sequence[str], stack: Sequence[str]) -> str:
    if match := _END.search(step):
        if unread:
            return f"{len(unread)} symbols have not been read"
        if _symbols(match[1] or "") != list(stack):
            return f"the final stack is {_shown(stack)}"
    if (match := _POPPED.search(step)) and _popped(match[1]) != list(reversed(stack)):
        return f"what is to be popped is {_shown(list(reversed(stack)))}"
    if match := _ANSWER.search(step):
        needed = [_CLOSES.get(symbol, symbol) for symbol in reversed(stack)]
        if _symbols(match[1]) != needed:
            return f"what closes the row is {_shown(needed)}"
    return ""


def _popped(text: str) -> list[str]:
    """`"[" twice and "{" once` as symbols, in that order."""
    return [symbol for row, times in _ITEM.findall(text) for _ in range(_TIMES.get(times, 1)) for symbol in _symbols(row)]


def _symbols(text: str) -> list[str]:
    return _SYMBOLS.findall(text)


def _shown(symbols: Sequence[str]) -> str:
    return " ".join(symbols) or "empty"
