"""Code that stands in a problem, so that what samples say about its calls can be settled by calling it."""

import ast
import re
from collections.abc import Sequence

from soloist_sandbox.contract import Limits, Session, Value

from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.claims import CallClaim, call_claims, calls_in, function_check, settled_calls

FILE = "quoted.py"
LIMITS = Limits(seconds=10, memory_mb=256, output_kb=256)
MOST_CALLS = 20
"""Calls that one sample's claims may cost."""
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[ \t]*(?:python|py)?[ \t]*\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.M | re.S | re.I)


class Quoted(Value):
    """The problem's own code."""

    code: str
    functions: tuple[str, ...]
    """Those that it defines at its top level."""
    asked: CallClaim | None = None
    """The one call outside the code, where there is just one: its result is what is asked for. What is expected stays open."""


def quoted(problem: str) -> Quoted | None:
    """The fenced Python of a problem's statement; None where there is none, or it defines no function."""
    pieces = [match["code"] for match in _FENCE.finditer(problem)]
    code = "\n\n".join(piece for piece in pieces if _functions(piece))
    functions = _functions(code)
    if not functions:
        return None
    prose = _FENCE.sub("\n", problem)
    calls = [(name, arguments) for name in functions for arguments in calls_in(prose, name)]
    asked = CallClaim(function=calls[0][0], arguments=calls[0][1], expected="None") if len(calls) == 1 else None
    return Quoted(code=code, functions=functions, asked=asked)


def claims_about(code: Quoted, said: str, answer: str) -> tuple[CallClaim, ...]:
    """What a final answer says that calls of this code return; the answer itself is such a claim where one call is asked for."""
    found = [claim for name in code.functions for claim in call_claims(said, name)]
    if code.asked is not None and _is_literal(answer):
        found.append(code.asked.model_copy(update={"expected": answer}))
    return tuple({str(claim): claim for claim in found}.values())[:MOST_CALLS]


class Caller:
    """Settles claims about quoted code in the sandbox; a call that was made once is not made again."""

    def __init__(self, session: Session, code: Quoted) -> None:
        self._session = session
        self._code = code
        self._known: dict[str, Claim] = {}

    async def settle(self, claims: Sequence[CallClaim]) -> tuple[Claim, ...]:
        """The claims with their verdicts, in order. Raises `SandboxUnavailable`."""
        fresh = {str(claim): claim for claim in claims if str(claim) not in self._known}
        for name in dict.fromkeys(claim.function for claim in fresh.values()):
            await self._run(name, [claim for claim in fresh.values() if claim.function == name])
        return tuple(self._known[str(claim)] for claim in claims)

    async def _run(self, function: str, claims: Sequence[CallClaim]) -> None:
        check = function_check(FILE, function, claims)
        outcome = await self._session.run(check, changes={FILE: f"{self._code.code}\n".encode()}, limits=LIMITS)
        self._known |= zip(map(str, claims), settled_calls(claims, outcome), strict=True)


def _functions(code: str) -> tuple[str, ...]:
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(node.name for node in body if isinstance(node, ast.FunctionDef))


def _is_literal(answer: str) -> bool:
    try:
        ast.literal_eval(answer)
    except (SyntaxError, ValueError, RecursionError, MemoryError, TypeError):
        return False
    return True
