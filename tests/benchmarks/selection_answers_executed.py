"""cruxeval where the code may be run: every claim about a call is settled by the call, in the sandbox.

For what a function returns, the run gives the value itself; for "an input that gives this value", the first answer whose run
gives it is taken. The reference output is read only to score.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import rows_of, share
from soloist.engine import open_sandbox
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.claims import CallClaim, call_claims, function_check, settled_calls
from soloist_agents.selection.sameness import same_literal
from soloist_sandbox.contract import Case, Limits, ProgramCheck, Session

LIMITS = Limits(seconds=20)
FILE = "given.py"


async def executed_table(data: Path, backend: str | None = None, limit: int | None = None) -> None:
    """Run everything and print the two shares."""
    rows = rows_of(data / "cruxeval_cot" / "samples.jsonl")[:limit]
    sandbox = await open_sandbox("base", backend, print)
    with tempfile.TemporaryDirectory(prefix="soloist-crux-") as folder:
        session = await sandbox.open(Path(folder), limits=LIMITS)
        try:
            found = [await _settled(session, row) for row in rows]
        finally:
            await session.close()
    claims = [verdict == known for _, _, verdicts in found for verdict, known in verdicts]
    print(f"executed, outputs: {share(sum(output for output, _, _ in found), len(rows))}; expected 100")
    print(f"executed, inputs: an answer that holds was picked in {share(sum(given for _, given, _ in found), len(rows))}")
    print(f"claims of the traces settled as the key says: {share(sum(claims), len(claims))}")


async def _settled(session: Session, row: dict[str, Any]) -> tuple[bool, bool, list[tuple[bool, bool]]]:
    """(the value is right, an input was found that gives it, each trace's verdict beside its key)."""
    traces = [(trace, _claim(trace, row["output"])) for trace in row["traces"]]
    claims = [claim for _, claim in traces if claim]
    settled = iter(await _run(session, row["code"], claims) if claims else ())
    verdicts = [(trace, next(settled).verdict == "true" if claim else False) for trace, claim in traces]
    value = await _value(session, row["code"], row["input"])
    given = any(holds for trace, holds in verdicts if trace["task"] == "input-cot")
    return same_literal(row["output"], value), given, [(holds, trace["correct"]) for trace, holds in verdicts]


async def _run(session: Session, code: str, claims: Sequence[CallClaim]) -> Sequence[Claim]:
    outcome = await session.run(function_check(FILE, "f", claims), changes={FILE: f"{code}\n".encode()})
    return settled_calls(claims, outcome)


async def _value(session: Session, code: str, arguments: str) -> str:
    """What the call in question gives. A program prints it, since arguments such as `dict(a=1)` are no literals."""
    program = f"{code}\nprint(repr(f({arguments})))\n"
    check = ProgramCheck(path=FILE, cases=(Case(stdin=""),))
    outcome = await session.run(check, changes={FILE: program.encode()})
    return outcome.ran[0].stdout.strip() if outcome.ran else ""


def _claim(trace: dict[str, Any], output: str) -> CallClaim | None:
    """What the trace says about one call. An answer to "which input" claims the output that the question names."""
    said = trace["text"].rpartition("[ANSWER]")[2]
    if trace["task"] == "input-cot":
        said = f"{trace['answer']} == {output}"
    claims: Sequence[CallClaim] = call_claims(said, "f")
    return claims[-1] if claims else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backend")
    parser.add_argument("--limit", type=int)
    typed = parser.parse_args()
    asyncio.run(executed_table(typed.data, typed.backend, typed.limit))
