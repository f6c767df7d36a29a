"""The settings, typed. Unknown keys and impossible values are refused; no key or other secret stands in here."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from soloist_agents.models.prices import Price, PriceTable
from soloist_agents.models.settings import Continues
from soloist_agents.presets import preset_named
from soloist_sandbox.checks import parse_check
from soloist_sandbox.contract import Value
from soloist_sandbox.image_spec import Engine

from soloist.config.effort import Effort, Tries
from soloist.config.servers import server_named
from soloist.task import Budget

VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
FACTORY: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def _address(url: str) -> str:
    """A usable base URL, without a slash at its end. What stands in it is never repeated: it may hold a password."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("base_url is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits or re.search(r"[\s\x00-\x20\x7f]", url):
        raise ValueError("base_url should look like http://localhost:8000/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "base_url should have no user, password, query or fragment; name the variable with the key by api_key_env"
        )
    if parts.path.rstrip("/").endswith(("/chat/completions", "/responses", "/models")):
        raise ValueError("base_url should end before /chat/completions, for example http://localhost:8000/v1")
    return url.rstrip("/")


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise ValueError("api_key_env should be the name of an environment variable, in capitals, not the key itself")
    return name


def _factories(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _factory(name: str) -> str:
    if not FACTORY.fullmatch(name):
        raise ValueError("factory should look like package.module:factory")
    return name


def _server(name: str) -> str:
    return server_named(name).name


def _preset(name: str) -> str:
    return preset_named(name).name


def _image(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", name):
        raise ValueError("sandbox.image should be lower-case letters, digits, and single . _ - between them")
    return name


def _runtime(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ValueError("sandbox.runtime should be the name of a runtime that Docker knows, for example runsc")
    return name


def _folder(name: str) -> str:
    if not name.startswith(("/", "~/")):
        raise ValueError("trust should name folders in full, as /home/me/code or ~/code")
    return name


def _check(command: str) -> str:
    parse_check(command)
    return command


class Endpoint(Value):
    """One server that serves a model."""

    model_config = ConfigDict(allow_inf_nan=False)

    base_url: Annotated[str, AfterValidator(_address)] | None = None
    """For example http://localhost:8000/v1; by default that of `server`."""
    server: Annotated[str, AfterValidator(_server)] | None = None
    """A known server's name, for its address and its habits."""
    model: str | None = Field(default=None, min_length=1, max_length=512)
    """The model's id; by default the only one that is served."""
    api_key_env: Annotated[str, AfterValidator(_variable)] | None = None
    """The variable (or the name in the keyring file) that holds the key; by default the known server's own."""
    context: int | None = Field(default=None, ge=1024)
    """Tokens of prompt and answer that fit: thinking budgets are kept below. By default no bound of ours; `soloist doctor` tells
    what the server has."""
    concurrency: int | None = Field(default=None, ge=1, le=1024)
    """Answers asked for at once; for an endpoint by default the role's."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """By default no limit."""
    serves_n: bool | None = None
    """Whether it gives several answers to one request; by default known or found out."""
    continues: Continues | None = None
    """How it goes on from an answer's beginning: none, vllm (`continue_final_message`) or prefill; by default known."""


class Role(Endpoint):
    """The model that plays a role, and how it is asked."""

    concurrency: int = Field(default=8, ge=1, le=1024)
    """Answers asked for at once, for each endpoint."""
    preset: Annotated[str, AfterValidator(_preset)] | None = None
    """vibethinker, reasoning or plain; by default what the model's id calls for."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """By default the preset's."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """By default the preset's."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Thinking and answer of one call together; by default what budget and context leave."""
    stall_seconds: float = Field(default=120.0, gt=0, le=7200)
    """A stream that says nothing for so long is dead."""
    endpoints: tuple[Endpoint, ...] = Field(default=(), max_length=64)
    """Several servers side by side, in place of `base_url`; what one of them leaves out is the role's."""
    factory: Annotated[tuple[Annotated[str, AfterValidator(_factory)], ...], BeforeValidator(_factories)] = ()
    """Python of your own, as package.module:factory; for the specialist several, cheapest first."""

    @model_validator(mode="after")
    def _one_place(self) -> "Role":
        if self.endpoints and (self.base_url or self.server):
            raise ValueError("give either base_url or server, or endpoints, not both")
        if any(not (endpoint.base_url or endpoint.server) for endpoint in self.endpoints):
            raise ValueError("each of endpoints should have a base_url or a server")
        return self

    @property
    def configured(self) -> bool:
        """True when it is said where the model is, or what plays the role."""
        return bool(self.base_url or self.server or self.endpoints or self.factory)


def _only_one(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > 1:
        raise ValueError("planner.factory should be one, not several")
    return names


class PlannerRole(Role):
    """The planner's role: there is one planner, a model or your own."""

    factory: Annotated[
        tuple[Annotated[str, AfterValidator(_factory)], ...], BeforeValidator(_factories), AfterValidator(_only_one)
    ] = ()
    """Python of your own, as package.module:factory."""

    @model_validator(mode="after")
    def _one_kind(self) -> "PlannerRole":
        if self.factory and (self.base_url or self.server or self.endpoints):
            raise ValueError("give either planner.factory or where the planner's model is, not both")
        return self


class SandboxSettings(Value):
    """Where everything runs."""

    backend: Engine | None = None
    """docker or bubblewrap; by default the first that works."""
    image: Annotated[str, AfterValidator(_image)] = "base"
    """Name of an image made by `soloist sandbox build`."""
    runtime: Annotated[str, AfterValidator(_runtime)] | None = None
    """Docker's runtime for containers, for example runsc (gVisor); by default Docker's own."""


class Settings(Value):
    """Everything that can be set."""

    effort: Effort = "normal"
    """How hard to try: low, normal or high."""
    check: Annotated[str, AfterValidator(_check)] | None = None
    """How we will know: a command that fails now, for example "pytest -q"."""
    planner: PlannerRole = PlannerRole()
    """The large model that looks, plans and stitches."""
    specialist: Role = Role()
    """The small model that solves one self-contained step."""
    tries: Tries = Tries()
    """How hard each step is tried; by default as `effort` says."""
    budget: Budget = Budget()
    """What a run may use."""
    sandbox: SandboxSettings = SandboxSettings()
    """Where everything runs."""
    prices: Mapping[str, Price] = Field(default_factory=dict)
    """USD for a million tokens by model id, for example {"glm-5.2" = {prompt = 0.6, cached = 0.1, answer = 2.2}}."""
    trust: tuple[Annotated[str, AfterValidator(_folder)], ...] = ()
    """Repositories, or folders of them, whose own files may set everything that you may; as /home/me/code or ~/code."""

    @property
    def price_table(self) -> PriceTable:
        """The prices, as a ledger takes them."""
        return PriceTable(prices=self.prices)
