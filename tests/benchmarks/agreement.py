"""Does a repaired program behave like the reference on inputs that its tests don't have? Both run in the sandbox."""

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inputs import Arguments
from soloist_sandbox.contract import CommandCheck, Limits, Sandbox, Session

CALLER = Path(__file__).with_name("calls_in_sandbox.py")
LIMITS = Limits(seconds=180, output_kb=32_768)
COMMAND = "python calls_in_sandbox.py {module} {entry} '{adapter}' < inputs.txt"


@dataclass(frozen=True)
class Agreement:
    """How the two behaved."""

    inputs: int
    """In the domain: the reference ended with a result of a kind that it has on the tests' own inputs."""
    agreeing: int
    first_difference: str = ""


NOTHING = Agreement(inputs=0, agreeing=0)


@dataclass(frozen=True)
class Programs:
    """What is compared."""

    entry: str
    reference: str
    repaired: str
    beside: Mapping[str, str]
    """Other files that both need."""
    adapter: str = "call"


async def compare(sandbox: Sandbox, programs: Programs, known: Sequence[Arguments], fresh: Sequence[Arguments]) -> Agreement:
    """Run both on `fresh`; `known` inputs only show what kinds of results there are."""
    with tempfile.TemporaryDirectory() as folder:
        _lay_out(Path(folder), programs, [*known, *fresh])
        session = await sandbox.open(Path(folder))
        try:
            wanted = await _results(session, "reference_program", programs)
            got = await _results(session, "repaired_program", programs)
        finally:
            await session.close()
    kinds = {kind(result) for result in wanted[: len(known)]}
    pairs = zip(fresh, wanted[len(known) :], [*got[len(known) :], *[None] * len(fresh)], strict=False)
    judged = [(case, want, have) for case, want, have in pairs if not known or kind(want) in kinds]
    judged = [(case, want, have) for case, want, have in judged if want is not None and "returns" in want]
    different = [(case, want, have) for case, want, have in judged if not same(want, have)]
    shown = "{}: reference {}, repaired {}".format(*map(_short, different[0])) if different else ""
    return Agreement(inputs=len(judged), agreeing=len(judged) - len(different), first_difference=shown)


def told(agreement: Agreement) -> dict[str, Any]:
    """What the tables show of a comparison."""
    return {"inputs": agreement.inputs, "agreeing": agreement.agreeing, "difference": agreement.first_difference}


def totals(results: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """How many of the solved behave like the reference, and which don't; `name` is the key of a result's name."""
    solved = [result for result in results if result["solved"]]
    compared = [result for result in solved if result["inputs"]]
    alike = [result for result in compared if result["inputs"] == result["agreeing"]]
    return {
        "behave like the reference on every new input": f"{len(alike)} of {len(compared)} compared",
        "new inputs": sum(result["inputs"] for result in compared),
        "not compared (no way to make inputs)": [result[name] for result in solved if not result["inputs"]],
        "differ": {result[name]: result["difference"] for result in compared if result not in alike},
    }


def same(want: Any, have: Any) -> bool:
    """Equal in type and value; floats within a billionth."""
    if isinstance(want, dict) and isinstance(have, dict) and want.keys() == have.keys() == {"float"}:
        return math.isclose(float(want["float"]), float(have["float"]), rel_tol=1e-9, abs_tol=1e-9) or want == have
    if isinstance(want, dict) and isinstance(have, dict):
        return want.keys() == have.keys() and all(same(want[key], have[key]) for key in want)
    if isinstance(want, list) and isinstance(have, list):
        return len(want) == len(have) and all(same(one, two) for one, two in zip(want, have, strict=True))
    return type(want) is type(have) and bool(want == have)


def kind(result: Any) -> str:
    """The type of a result, or that it is none."""
    if not isinstance(result, dict) or "returns" not in result:
        return "no result"
    value = result["returns"]
    return next(iter(value)) if isinstance(value, dict) else type(value).__name__


async def _results(session: Session, module: str, programs: Programs) -> list[Any]:
    command = COMMAND.format(module=module, entry=programs.entry, adapter=programs.adapter)
    outcome = await session.run(CommandCheck(command=command), limits=LIMITS)
    if outcome.exit_code not in (0, None):
        raise RuntimeError(f"the calls could not be made: {outcome.stderr[-500:]}")
    return [json.loads(line) for line in outcome.stdout.splitlines() if line.endswith("}")]


def _lay_out(folder: Path, programs: Programs, inputs: Sequence[Arguments]) -> None:
    for name, text in programs.beside.items():
        (folder / name).write_text(text)
    (folder / "reference_program.py").write_text(programs.reference)
    (folder / "repaired_program.py").write_text(programs.repaired)
    (folder / CALLER.name).write_text(CALLER.read_text())
    (folder / "inputs.txt").write_text("".join(f"{case!r}\n" for case in inputs))


def _short(value: Any, most: int = 120) -> str:
    text = json.dumps(value) if isinstance(value, dict) else repr(value)
    return text if len(text) <= most else text[:most] + "…"
