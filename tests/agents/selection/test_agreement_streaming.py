"""Programs that come one by one, run in a real sandbox, until the choice is settled."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest
from soloist_agents.selection.agreement_streaming import Sample, agree
from soloist_agents.selection.behaviour_calls import question
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import Session

pytestmark = pytest.mark.usefixtures("any_sandbox")

PROMPT = 'def double(x: int) -> int:\n    """Twice the number.\n\n    >>> double(4)\n    8\n    """\n'
ASKED = question("m.py", "double", PROMPT, ["assert double(3) == 6", "assert double(5) == 9"])
RIGHT, SQUARE, NONE = "    return 2 * x\n", "    return x * x // 2\n", "    pass\n"


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    (tmp_path / "empty").mkdir()
    opened = await (await choose()).open(tmp_path / "empty")
    yield opened
    await opened.close()


class Source:
    """Samples in a given order; knows how many were asked for and whether it was closed."""

    def __init__(self, *bodies: str) -> None:
        self.drawn = 0
        self.closed = False
        self._bodies = bodies

    async def samples(self) -> AsyncGenerator[Sample, None]:
        try:
            for number, body in enumerate(self._bodies):
                self.drawn = number + 1
                yield Sample(f"{PROMPT}{body}    # sample {number}\n")
        finally:
            self.closed = True


async def test_agreeing_samples_end_the_sampling(session: Session) -> None:
    """Once hardly any future turns the choice no more is drawn, the source is closed, and like programs have run once."""
    source = Source(*[RIGHT] * 6, SQUARE, *[RIGHT] * 93)
    agreed = await agree(session, ASKED, source.samples(), budget=100)
    assert "return 2 * x" in agreed.program
    assert agreed.stopped == "settled"
    assert agreed.choice.examples_met == 1
    assert source.drawn < 20
    assert source.closed
    assert agreed.jobs <= 2


async def test_known_failures_do_not_end_the_sampling(session: Session) -> None:
    """However many agree on what the example refutes, the budget is used, and the late right one is found."""
    source = Source(*[NONE] * 11, RIGHT)
    agreed = await agree(session, ASKED, source.samples(), budget=12)
    assert "return 2 * x" in agreed.program
    assert agreed.stopped == "budget"
    assert agreed.choice.programs == 12


async def test_samples_may_end_by_themselves(session: Session) -> None:
    """What has come is judged; where nothing has come there is no choice."""
    agreed = await agree(session, ASKED, Source(SQUARE, RIGHT, RIGHT).samples(), budget=50)
    assert (agreed.stopped, agreed.choice.programs, agreed.choice.program) == ("ended", 3, 1)
    with pytest.raises(ValueError, match="no program"):
        await agree(session, ASKED, Source().samples(), budget=50)
