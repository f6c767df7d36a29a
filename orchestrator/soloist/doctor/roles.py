"""The planner's and the specialist's models: every server of each, and the keys that go with them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from soloist_agents.models.contract import Sampling
from soloist_agents.presets import PLAIN, REASONING

from soloist import extension
from soloist.config import Loaded, Role, model_servers, preset_of, thinking_budgets
from soloist.config.connecting import ModelServer, key_names
from soloist.doctor.finding import INNER, Finding, fine, missing
from soloist.doctor.server import Probed, Use, probe

ROOM_FOR_PROMPT: Final = 4096
"""Tokens of context that thinking leaves free, as in `assembling`, which would take a second to import."""
MODEST: Final = 16_384
"""Tokens of context that prompt and answer of a model without thinking may want."""


@dataclass(frozen=True)
class Played:
    """What was found of one role."""

    findings: tuple[Finding, ...]
    remote: tuple[str, ...] = ()
    """Models on other machines, which may cost money."""


async def played(name: str, role: Role, loaded: Loaded, embedded: Finding, *, long: bool) -> Played:
    """What plays a role: models, Python of the user's own, or what is `embedded`."""
    if not role.configured:
        return Played((embedded,))
    needs = extension.PLANNER if name == "planner" else extension.SPECIALIST
    own = [await asyncio.to_thread(_own, name, factory, needs) for factory in role.factory]
    keys = [_key(variable, loaded) for variable in key_names(role)]
    try:
        servers = model_servers(role, loaded.keys)
    except ValueError as why:
        return Played((*own, missing(name, f"not asked: {str(why).split(':')[0]}", "set the key below"), *keys))
    numbered = [name if len(servers) == 1 else f"{name} {number}" for number in range(1, len(servers) + 1)]
    probed = await asyncio.gather(
        *(
            probe(server, partial(_use, loaded, name, role, server), what, long=long)
            for server, what in zip(servers, numbered, strict=True)
        )
    )
    remote = tuple(found.model for found, server in zip(probed, servers, strict=True) if found.model and server.key_env)
    return Played((*own, *_together(probed), *keys), remote)


def _together(probed: Sequence[Probed]) -> Sequence[Finding]:
    """A dead server is taken out while another lives, so it does not keep the main job from running."""
    alive = any(found.model for found in probed)
    return [
        finding if found.model else replace(finding, needed=not alive)
        for found in probed
        for finding in found.findings
    ]  # fmt: skip


def _use(loaded: Loaded, name: str, role: Role, server: ModelServer, model: str) -> Use:
    """As `assembling` has the role ask."""
    asked = role.model_copy(update={"model": model})
    preset = preset_of(asked, REASONING if name == "specialist" else PLAIN)
    budgets = thinking_budgets(loaded.settings, preset)
    if server.context:
        budgets = tuple(min(tokens, max(1024, server.context - ROOM_FOR_PROMPT)) for tokens in budgets)
    own = {"temperature": role.temperature, "top_p": role.top_p, "max_tokens": role.max_tokens or (budgets or (None,))[0]}
    changed = {key: value for key, value in own.items() if value is not None}
    return Use(
        role=name,
        sampling=Sampling.model_validate({**preset.sampling.model_dump(), **changed}),
        trace=budgets[0] if budgets else 0,
        wanted=budgets[-1] + ROOM_FOR_PROMPT if budgets else MODEST,
        seconds=loaded.settings.budget.seconds,
    )


def _own(name: str, factory: str, needs: tuple[str, ...]) -> Finding:
    try:
        extension.load(factory, needs)
    except ValueError as why:
        return missing(name, str(why), f"correct {name}.factory, or put the module on PYTHONPATH")
    return fine(name, f"{factory}, loaded")


def _key(variable: str, loaded: Loaded) -> Finding:
    source = loaded.keys.source(variable)
    if source:
        return fine(f"{INNER}key", f"{variable} is set ({source})")
    return missing(f"{INNER}key", f"{variable} is not set", f"export {variable}=…, or put it into keys.toml (mode 600)")
