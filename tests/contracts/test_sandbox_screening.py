"""The public suite's screening on our backends, and a container that is lost meanwhile."""

from soloist_sandbox.contract import Session
from soloist_sandbox.contract_suite import TestScreening

from .conftest import CHECK, FIXED, LIMITS
from .leftovers import kill_containers

__all__ = ["TestScreening"]


async def test_screen_survives_a_lost_container(session: Session, engine: str) -> None:
    """A container that is killed is replaced, and no result is lost."""
    results = []
    async for result in session.screen(CHECK, [{"calc.py": FIXED}] * 8, limits=LIMITS):
        results.append(result)
        if len(results) == 3:
            await kill_containers(engine)
    assert sorted(result.index for result in results) == list(range(8))
    assert {result.exit_code for result in results} == {0}
