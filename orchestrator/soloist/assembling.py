"""From settings to the minds of a run: the planner and the ladder of specialists, connected but not yet called."""

from collections.abc import Sequence
from dataclasses import dataclass

from soloist_agents.contract import Planner, Specialist
from soloist_agents.models.contract import Model, ModelUnavailable, Sampling
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.pool import Pool
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.planner import ModelPlanner
from soloist_agents.presets import PLAIN, REASONING, Preset
from soloist_agents.search.specialist import Search
from soloist_agents.selection.verifying import ClaimVerifier, Verified
from soloist_agents.solver import ModelSpecialist, SamplingPlan

from soloist import extension
from soloist.config import Loaded, Role, Settings, preset_of, thinking_budgets
from soloist.config.connecting import ModelServer, model_servers

SEARCHED_FIRST = 64
SEARCHED_SECONDS = 15.0
"""What the model-free search gets before a model is asked: seconds of sandbox time beside minutes of thinking."""
ROOM_FOR_PROMPT = 4096
"""Tokens of a model's context that thinking must leave free."""
WITH_TOKEN_IDS = ("vllm", "sglang")
"""Servers that take stop tokens by id."""


@dataclass(frozen=True)
class Team:
    """Who works on a run."""

    planner: Planner | None
    """None: the embedded playbook."""
    ladder: tuple[Specialist, ...]
    """Cheapest first."""
    models: tuple[Model, ...]
    """To be closed at the end."""

    async def close(self) -> None:
        """Close the models' connections."""
        for model in self.models:
            await model.close()


async def assemble(loaded: Loaded) -> Team:
    """The team that the settings name. A server is asked which model it serves only where none is named.

    Raises `ValueError` for settings that can't be met, `ModelError` when that server does not answer.
    """
    settings = loaded.settings
    models: list[Model] = []
    planner: Planner | None = None
    if settings.planner.factory:
        planner = extension.load(settings.planner.factory[0], extension.PLANNER)
    elif model := await _model(settings.planner, model_servers(settings.planner, loaded.keys)):
        models.append(model)
        preset = preset_of(settings.planner, PLAIN)
        planner = ModelPlanner(
            model, preset=_preset(settings, settings.planner, preset, ()), turns=max(1, settings.tries.gather_calls)
        )
    specialists: list[Specialist] = [extension.load(name, extension.SPECIALIST) for name in settings.specialist.factory]
    servers = model_servers(settings.specialist, loaded.keys)
    if model := await _model(settings.specialist, servers):
        models.append(model)
        specialists.append(_specialist(settings, model, servers))
    search = Search(SEARCHED_FIRST, SEARCHED_SECONDS) if planner or specialists else Search()
    ladder = specialists if settings.specialist.factory else (search, *specialists)
    return Team(planner=planner, ladder=tuple(ladder), models=tuple(models))


def _specialist(settings: Settings, model: Model, servers: Sequence[ModelServer]) -> Specialist:
    preset = preset_of(settings.specialist.model_copy(update={"model": model.name}), REASONING)
    tries = settings.tries
    plan = SamplingPlan(samples=tries.samples, first=min(tries.first_batch, tries.samples), repair_rounds=tries.repairs)
    continues = all((server.continues or "none") != "none" for server in servers)
    preset = _preset(settings, settings.specialist, preset, servers)
    solver = ModelSpecialist(model, preset=preset, plan=plan, continues=continues)
    return Verified(solver, ClaimVerifier(model, preset, plan.seconds))


def _preset(settings: Settings, role: Role, preset: Preset, servers: Sequence[ModelServer]) -> Preset:
    """The preset with the user's own settings before it, and budgets that the context can hold."""
    own = {"temperature": role.temperature, "top_p": role.top_p, "max_tokens": role.max_tokens}
    changed = {key: value for key, value in own.items() if value is not None}
    if preset.stop_token_ids and servers and all(server.server in WITH_TOKEN_IDS for server in servers):
        changed["extra"] = {**preset.sampling.extra, "stop_token_ids": list(preset.stop_token_ids)}  # type: ignore[assignment]
    sampling = Sampling.model_validate({**preset.sampling.model_dump(), **changed})
    room = min((s.context for s in servers if s.context), default=role.context)
    budgets = thinking_budgets(settings, preset)
    if room:
        budgets = tuple(sorted({min(tokens, max(1024, room - ROOM_FOR_PROMPT)) for tokens in budgets}))
    return preset.model_copy(update={"sampling": sampling, "thinking": budgets})


async def _model(role: Role, servers: Sequence[ModelServer]) -> Model | None:
    if not servers:
        return None
    return Pool.of([await _settled(server) for server in servers])


async def _settled(server: ModelServer) -> EndpointSettings:
    """The endpoint with its model; the server's only one where none is named."""
    if server.model:
        return server.endpoint()
    asking = Endpoint(server.endpoint("unknown"))
    try:
        served = await asking.models()
    finally:
        await asking.close()
    if len(served) != 1:
        names = ", ".join(model.id for model in served[:8]) or "none"
        raise ModelUnavailable(f"{server.base_url} serves {names}; name one: {server.base_url}#model-id")
    return server.endpoint(served[0].id)
