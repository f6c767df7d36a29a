"""The graph as it is drawn, and as its decisions decide."""

from pathlib import Path
from typing import Any

import pytest
from soloist.graph.solve import FRESH_BEFORE_REPAIR, next_move
from soloist.graph.state import Progress
from soloist.graph.wiring import build

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_graph_as_it_is_wired() -> None:
    """The drawing in the README is the one LangGraph makes of the compiled graph, subgraphs opened."""
    drawn = build().get_graph(xray=1).draw_mermaid().strip()
    assert drawn in README.read_text(encoding="utf-8")


def test_every_step_of_the_main_job_is_a_node() -> None:
    """The names that the documentation uses are the names of nodes."""
    graph = build()
    assert {"gather", "plan", "solve", "choose", "stitch", "verify", "apply", "report"} <= set(graph.nodes)


@pytest.mark.parametrize(
    ("progress", "spent", "stop", "move"),
    [
        ({}, 48, False, "more"),
        ({"status": "solved"}, 48, False, "done"),
        ({"status": "given up"}, 48, False, "done"),
        ({}, 48, True, "done"),
        ({"near_misses": 3, "misses": "a", "drawn": 48}, 48, False, "more"),
        ({"near_misses": 3, "misses": "a", "drawn": FRESH_BEFORE_REPAIR}, 48, False, "near misses"),
        ({"near_misses": 3, "misses": "b", "repair_misses": "a", "repair_round": 1, "drawn": 500}, 48, False, "more"),
        ({"near_misses": 3, "misses": "a", "exhausted": True}, 10, False, "near misses"),
        ({"near_misses": 3, "misses": "a", "repair_misses": "a", "drawn": 900}, 120, False, "more"),
        ({"phase": "repair", "near_misses": 3, "misses": "a"}, 200, False, "more"),
        ({"exhausted": True}, 48, False, "out of ideas"),
    ],
)
def test_what_a_step_does_next(progress: dict[str, Any], spent: int, stop: bool, move: str) -> None:
    """Near misses are built on after enough fresh candidates; a specialist without ideas hands over; an end is an end."""
    state: Any = {"progress": Progress(**progress).model_dump(), "allowance": 240, "spent": spent, "stop": stop}
    assert next_move(state) == move
