"""The graph as it is drawn, and as its decisions decide."""

from pathlib import Path
from typing import Any

import pytest
from soloist.graph.solve import move
from soloist.graph.state import Progress
from soloist.graph.wiring import build
from soloist_agents.contract import Pace

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
    ("progress", "stop", "expected"),
    [
        ({}, False, "more"),
        ({"status": "solved"}, False, "done"),
        ({"status": "given up"}, False, "done"),
        ({}, True, "done"),
        ({"near_misses": 3, "misses": "a", "drawn": 48}, False, "more"),
        ({"near_misses": 3, "misses": "a", "drawn": 400}, False, "near misses"),
        ({"near_misses": 3, "misses": "b", "repair_misses": "a", "repair_round": 1, "drawn": 500}, False, "more"),
        ({"near_misses": 3, "misses": "a", "exhausted": True}, False, "near misses"),
        ({"near_misses": 3, "misses": "a", "repair_misses": "a", "drawn": 900}, False, "more"),
        ({"phase": "repair", "near_misses": 3, "misses": "a"}, False, "more"),
        ({"exhausted": True}, False, "out of ideas"),
    ],
)
def test_what_a_step_does_next(progress: dict[str, Any], stop: bool, expected: str) -> None:
    """Near misses are built on after enough fresh candidates; a specialist without ideas hands over; an end is an end."""
    assert move(Progress(**progress), Pace(), stop=stop) == expected


def test_a_model_repairs_twice_at_most() -> None:
    """After its rounds of repair come fresh samples, and then the next specialist."""
    pace = Pace(first_batch=1, batch=1, fresh_before_repair=2, repair_rounds=2, thorough=True)
    failed = {"near_misses": 3, "misses": "b", "repair_misses": "a"}
    assert move(Progress(**failed, drawn=1), pace, stop=False) == "more"
    assert move(Progress(**failed, drawn=2), pace, stop=False) == "near misses"
    assert move(Progress(**failed, drawn=6, repair_round=2), pace, stop=False) == "more"
    assert move(Progress(**failed, drawn=8, repair_round=2, exhausted=True), pace, stop=False) == "out of ideas"
