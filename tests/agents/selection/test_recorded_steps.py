"""The checkers of steps on recorded traces of a model, where the evaluation material is at hand."""

import json
from pathlib import Path

import pytest
from soloist_agents.selection.steps import first_mistake

LABELS = Path(__file__).parents[4] / "shared" / "data" / "step_labels" / "bigbench_mistake.jsonl"


@pytest.mark.skipif(not LABELS.is_file(), reason="the evaluation material is not here")
@pytest.mark.parametrize(("task", "family", "least"), [("dyck_languages", "brackets", 0.97), ("word_sorting", "sorting", 0.95)])
def test_first_mistakes(task: str, family: str, least: float) -> None:
    """Found mistakes are the labelled ones, and labelled ones are found, nearly all; families are not confused."""
    hit = said = labelled = 0
    for row in map(json.loads, LABELS.read_text().splitlines()):
        found = first_mistake(row["question"], row["steps"])
        if row["task"] != task:
            assert found is None or found[0] != family
            continue
        assert found is not None
        step, label = found[1].step if found[1] else None, row["first_error_step"]
        hit, said, labelled = hit + (step == label is not None), said + (step is not None), labelled + (label is not None)
    assert hit / said >= least
    assert hit / labelled >= least
