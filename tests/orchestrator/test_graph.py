"""The graph as it is drawn, and as its decisions decide."""

from pathlib import Path
from typing import Any

import pytest
from soloist.graph.solve import next_move
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
        ({"near_misses": 3, "misses": "a"}, 48, False, "more"),
        ({"near_misses": 3, "misses": "a"}, 120, False, "near misses"),
        ({"near_misses": 3, "misses": "a", "exhausted": True}, 10, False, "near misses"),
        ({"near_misses": 3, "misses": "a", "repair_misses": "a"}, 120, False, "more"),
        ({"phase": "repair", "near_misses": 3, "misses": "a"}, 200, False, "more"),
        ({"exhausted": True}, 48, False, "out of ideas"),
    ],
)
def test_what_a_step_does_next(progress: dict[str, Any], spent: int, stop: bool, move: str) -> None:
    """Near misses are built on after half of the share; a specialist without ideas hands over; an end is an end."""
    state: Any = {"progress": Progress(**progress).model_dump(), "allowance": 240, "spent": spent, "stop": stop}
    assert next_move(state) == move
