"""A role's settings, made ready to connect: which servers, with which keys, asked in which way."""

from pydantic import Field, SecretStr
from soloist_agents.models.settings import Continues, EndpointSettings
from soloist_agents.presets import PLAIN, PRESETS, Preset, preset_for
from soloist_sandbox.contract import Value

from soloist.config.keys import Keys
from soloist.config.servers import SERVERS, key_for_address
from soloist.config.settings import Endpoint, Role, Settings
from soloist.config.tomlfile import shown

FIRST_SECONDS = 300.0
"""Patience until a first text, at least: prefill is slow, and hosted models think in silence."""


class ModelServer(Value):
    """One server to connect to."""

    base_url: str
    model: str | None
    """None: the only one that it serves, which has to be asked for."""
    key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    key_env: str | None = None
    """The name under which the key was looked for."""
    server: str | None = None
    context: int | None = None
    concurrency: int = 8
    requests_per_minute: int | None = None
    stall_seconds: float = 120.0
    serves_n: bool | None = None
    continues: Continues | None = None

    def endpoint(self, served: str | None = None) -> EndpointSettings:
        """For the model client; `served` is the model that the server says it serves. Raises `ValueError` when none is known."""
        name = self.model or served
        if not name:
            raise ValueError(
                f"no model is named for {self.base_url}: set model, or write the address as {self.base_url}#model-id"
            )
        return EndpointSettings(
            name=name,
            base_url=self.base_url,
            api_key=self.key,
            key_from=self.key_env or "",
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            stall_seconds=self.stall_seconds,
            first_seconds=max(FIRST_SECONDS, self.stall_seconds),
            serves_n=self.serves_n,
            continues=self.continues or "none",
        )


def model_servers(role: Role, keys: Keys) -> tuple[ModelServer, ...]:
    """The role's servers; none when it is not configured. Raises `ValueError`, in one line, when a key is missing."""
    if role.endpoints:
        return tuple(_server(endpoint, role, keys) for endpoint in role.endpoints)
    return (_server(role, role, keys),) if role.base_url or role.server else ()


def key_names(role: Role) -> tuple[str, ...]:
    """The names under which the role's keys are looked for."""
    places = role.endpoints or ((role,) if role.base_url or role.server else ())
    names = (_key_name(place, role) for place in places)
    return tuple(dict.fromkeys(name for name in names if name))


def preset_of(role: Role, otherwise: Preset = PLAIN) -> Preset:
    """The preset that was named, else the one that the model's id calls for, else `otherwise`."""
    models = [role.model, *(endpoint.model for endpoint in role.endpoints)]
    return PRESETS[role.preset] if role.preset else next((found for model in models if (found := preset_for(model))), otherwise)


def thinking_budgets(settings: Settings, preset: Preset) -> tuple[int, ...]:
    """Tokens that may be thought after each round, rising; empty for a model that does not think."""
    if not preset.thinking:
        return ()
    return settings.tries.thinking or preset.thinking[: settings.tries.rounds]


def _server(place: Endpoint, role: Role, keys: Keys) -> ModelServer:
    known = SERVERS.get(place.server or "")
    name = _key_name(place, role)
    key = keys.get(name) if name else None
    if name and key is None:
        file = f", or put it into {shown(keys.file)} (mode 600)" if keys.file else ""
        raise ValueError(f"{name} is not set, and {_address(place)} wants a key: export {name}=…{file}")
    return ModelServer(
        base_url=_address(place),
        model=place.model or role.model,
        key=key,
        key_env=name,
        server=place.server,
        context=place.context or role.context,
        concurrency=place.concurrency or role.concurrency,
        requests_per_minute=place.requests_per_minute or role.requests_per_minute,
        stall_seconds=role.stall_seconds,
        serves_n=next((said for said in (place.serves_n, role.serves_n) if said is not None), known.serves_n if known else None),
        continues=place.continues or role.continues or (known.continues if known else None),
    )


def _address(place: Endpoint) -> str:
    return place.base_url or SERVERS[place.server or ""].base_url


def _key_name(place: Endpoint, role: Role) -> str | None:
    """A known server's own key goes to that server's address only; every other key only where the user has said so."""
    return place.api_key_env or key_for_address(_address(place)) or role.api_key_env
