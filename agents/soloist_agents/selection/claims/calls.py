"""Claims about what a function returns, given out for the sandbox: nothing is called here."""

import ast
import re
from collections.abc import Sequence
from itertools import islice, zip_longest

from soloist_sandbox.contract import Call, FunctionCheck, Outcome, Returned, Value
from soloist_sandbox.literals import parse, parse_arguments
from soloist_sandbox.values import same_value

from soloist_agents.selection.ballot import Claim

MOST = 50
MOST_TEXT = 20_000
"""Characters that are read, the last ones."""
_MOST_TRIED = 400
_LONGEST = 2_000
_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)\(")
_SAYS = re.compile(
    r"[`*]{0,3}\s*(?:==|=>|->|→|⇒|=|(?:will |would |should |must )?(?:return|give|output|yield|produce|evaluate)s?(?: to)?"
    r"|(?:is|equals|equal to|is equal to|outputs|returns|gives))\s*[`*]{0,3}\s*"
)


class CallClaim(Value):
    """`f(3) returns 4`: what to call, and what the text says comes back."""

    function: str
    arguments: str
    """As they stand between the brackets, literals only."""
    expected: str
    """A Python literal."""

    def __str__(self) -> str:
        return f"{self.function}({self.arguments}) == {self.expected}"


def call_claims(text: str, function: str | None = None) -> tuple[CallClaim, ...]:
    """Those in the text, in order, each once; only about `function` where one is named. Arguments and results are literals."""
    found: dict[str, CallClaim] = {}
    text = text[-MOST_TEXT:]
    for match in islice(_CALL.finditer(text), _MOST_TRIED):
        if function is not None and match[1] != function:
            continue
        claim = _claim(text, match[1], match.end())
        if claim is not None and len(found) < MOST:
            found.setdefault(str(claim), claim)
    return tuple(found.values())


def calls_in(text: str, function: str) -> tuple[str, ...]:
    """The arguments, literals only, with which the text calls this function: in order, each once."""
    found: dict[str, None] = {}
    for match in islice(_CALL.finditer(text), _MOST_TRIED):
        end = _closing(text, match.end()) if match[1] == function else None
        if end is not None and _are_literals(arguments := " ".join(text[match.end() : end].split("\n"))):
            found.setdefault(arguments)
    return tuple(found)


def function_check(path: str, function: str, claims: Sequence[CallClaim]) -> FunctionCheck:
    """The calls as one job for the sandbox, which learns nothing of what is expected. Raises ValueError without any claim."""
    if not claims:
        raise ValueError(f"nothing is claimed about {function}, so there is nothing to run")
    return FunctionCheck(path=path, function=function, calls=tuple(Call(arguments=claim.arguments) for claim in claims))


def settled_calls(claims: Sequence[CallClaim], outcome: Outcome) -> tuple[Claim, ...]:
    """The claims with what came of running them, in the order of the check. Not called, or no comparable value: unknown."""
    results = outcome.returned
    if len(results) > len(claims) or (outcome.exit_code not in (0, None) and len(results) != len(claims)):
        results = ()
    return tuple(_settled(claim, result) for claim, result in zip_longest(claims, results))


def _settled(claim: CallClaim, result: Returned | None) -> Claim:
    if result is None or (result.value is None and not result.raised):
        return Claim(text=str(claim), kind="call")
    holds = result.value is not None and same_value(claim.expected, result.value)
    return Claim(text=str(claim), verdict="true" if holds else "false", kind="call", by="execution")


def _claim(text: str, name: str, start: int) -> CallClaim | None:
    end = _closing(text, start)
    if end is None:
        return None
    says = _SAYS.match(text, end + 1)
    arguments = " ".join(text[start:end].split("\n"))
    expected = _literal_at(text, says.end()) if says else None
    if expected is None:
        return None
    return CallClaim(function=name, arguments=arguments, expected=expected) if _are_literals(arguments) else None


def _are_literals(arguments: str) -> bool:
    try:
        parse_arguments(arguments)
    except ValueError:
        return False
    return True


def _closing(text: str, start: int) -> int | None:
    """Where the bracket that is open at `start` is closed; strings are passed over."""
    depth, quote, place = 1, "", start
    while place < min(len(text), start + _LONGEST):
        letter = text[place]
        if quote:
            if letter == "\\":
                place += 1
            elif letter == quote:
                quote = ""
        elif letter in "'\"":
            quote = letter
        else:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
            if not depth:
                return place if letter == ")" else None
        place += 1
    return None


def _literal_at(text: str, start: int) -> str | None:
    """The longest literal that begins here, ending with its line or before a mark of punctuation."""
    line = text[start : start + _LONGEST].split("\n", 1)[0]
    ends = sorted({len(line), *(match.start() for match in re.finditer(r"[`.,;:)*]|\s", line))}, reverse=True)
    for end in ends[:200]:
        piece = line[:end].strip()
        if not _stands_alone(piece):
            continue
        try:
            parse(piece)
        except ValueError:
            continue
        return piece
    return None


def _stands_alone(piece: str) -> bool:
    """One value in its own brackets: `4, 5` and a bare word are prose, and the point of `8.` ends a sentence."""
    if piece.endswith("."):
        return False
    try:
        tree = ast.parse(piece, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return not isinstance(tree, ast.Name) and (not isinstance(tree, ast.Tuple) or piece.startswith("("))
