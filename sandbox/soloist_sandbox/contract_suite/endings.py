"""However a run ends, nothing of it is left."""

import asyncio
import secrets
import time

import pytest

from soloist_sandbox.contract import CommandCheck, Session
from soloist_sandbox.contract_suite.host import Host
from soloist_sandbox.contract_suite.project import contract


@contract
class TestEndings:
    """Cancelling and closing."""

    async def test_cancelled_run_leaves_nothing(self, session: Session, host: Host) -> None:
        """Cancelling a run, early or late, ends it soon with all that it has started; the session goes on."""
        mark = secrets.token_hex(8)
        for delay in (0.0, 0.01, 0.1, None):
            task = asyncio.create_task(session.run(CommandCheck(command=f"sleep 1000; : {mark}")))
            if delay is None:
                assert await host.started(mark)
            else:
                await asyncio.sleep(delay)
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - started < 5
            assert await host.nothing_left()
            assert await host.gone(mark)
        assert (await session.run(CommandCheck(command="true"))).exit_code == 0

    async def test_closed_session_runs_nothing(self, session: Session, host: Host) -> None:
        """Closing ends a run under way, may be done twice, and nothing runs afterwards."""
        task = asyncio.create_task(session.run(CommandCheck(command="sleep 1000")))
        await asyncio.sleep(0.5)
        await session.close()
        await session.close()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(RuntimeError, match="closed"):
            await session.run(CommandCheck(command="true"))
        assert await host.nothing_left()
