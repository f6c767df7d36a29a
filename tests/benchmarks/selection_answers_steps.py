"""First mistakes in chains of steps: what the checkers find, against the labels."""

from collections.abc import Sequence
from pathlib import Path

from measuring import line, rows_of, wilson
from soloist_agents.selection.claims import arithmetic_claims
from soloist_agents.selection.steps import arithmetic_mistake, first_mistake


def steps_table(data: Path) -> None:
    """Where a chain of steps goes wrong first, against the labels."""
    print("\n## step_labels: the first mistake (exactly the labelled step; both ways right where there is none)")
    widths = (26, 8, 26, 26, 26, 40)
    line(["family", "traces", "precision", "recall", "first-mistake accuracy", ""], widths)
    rows = rows_of(data / "step_labels" / "bigbench_mistake.jsonl")
    total = [0, 0, 0, 0, 0]
    for family in ("arithmetic", "sorting", "brackets"):
        found = [(row, told[1]) for row in rows if (told := first_mistake(row["question"], row["steps"])) and told[0] == family]
        if family == "arithmetic":
            _step_row("arithmetic, set-up judged", [(m and m.step, row["first_error_step"]) for row, m in found], widths, "")
            found = [(row, arithmetic_mistake(row["question"], row["steps"], setup=False)) for row, _ in found]
        if family == "arithmetic":
            sound = [(row, m) for row, m in found if row["first_error_step"] is not None or row["answer"] == row["target"]]
            name = "arithmetic, sound labels"
            note = "without the traces labelled faultless whose answer is wrong"
            _step_row(name, [(m and m.step, row["first_error_step"]) for row, m in sound], widths, note)
        counts = _step_row(
            family, [(m and m.step, row["first_error_step"]) for row, m in found], widths, "expected 0.95 and 0.95"
        )
        total = [a + b for a, b in zip(total, counts, strict=True)]
    line(
        [
            "all three",
            total[0],
            _share(total[1], total[2]),
            _share(total[1], total[3]),
            _share(total[4], total[0]),
            "GPT-4: 52.9 %",
        ],
        widths,
    )
    wrong = rows_of(data / "step_labels" / "mr_gsm8k_errors.jsonl")
    false = sum(any(claim.verdict == "false" for claim in arithmetic_claims("\n".join(row["steps"]))) for row in wrong)
    print(f"mr_gsm8k_errors: {false} of {len(wrong)} wrong solutions hold a calculation that is false; the others reason wrongly")


def _step_row(
    name: str, pairs: Sequence[tuple[int | None, int | None]], widths: Sequence[int], note: str
) -> tuple[int, int, int, int, int]:
    hit = sum(said == label is not None for said, label in pairs)
    said = sum(said is not None for said, _ in pairs)
    labelled = sum(label is not None for _, label in pairs)
    exact = sum(said == label for said, label in pairs)
    line([name, len(pairs), _share(hit, said), _share(hit, labelled), _share(exact, len(pairs)), note], widths)
    return len(pairs), hit, said, labelled, exact


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits / max(of, 1):.3f} ({low:.3f}-{high:.3f})"
