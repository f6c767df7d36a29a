"""Model servers that answer on this machine, with the line that puts them to use."""

from collections.abc import Sequence
from typing import Final

from soloist_agents.presets import preset_for

from soloist.config.local import Found, Served, find_local
from soloist.config.servers import SERVERS
from soloist.doctor.finding import Finding, remark

SHOWN: Final = 3
"""Models named of one server."""


async def nearby() -> Sequence[Finding]:
    """One finding for each server; none where nothing answers."""
    return [_server(found) for found in await find_local() if found.models]


def _server(found: Found) -> Finding:
    chosen = next((served for served in found.models if preset_for(served.model)), found.models[0])
    names = ", ".join(served.model for served in found.models[:SHOWN])
    more = f" and {len(found.models) - SHOWN} more" if len(found.models) > SHOWN else ""
    role = "SOLOIST_SPECIALIST" if preset_for(chosen.model) else "SOLOIST_PLANNER"
    says = f"{found.server or 'a model server'} answers at {found.base_url} with {names}{more}"
    return remark("nearby", says, f"to use it: export {role}='{_spec(found, chosen)}'")


def _spec(found: Found, served: Served) -> str:
    """By the server's name, which tells its habits too, where it listens on its own port."""
    known = SERVERS.get(found.server or "")
    if known and known.base_url == found.base_url:
        return f"{known.name}/{served.model}"
    return f"{found.base_url}#{served.model}"
