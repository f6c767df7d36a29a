"""A plan as the model writes it: the arguments of `submit_plan`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from soloist_agents.contract import Route, StepKind


class _Draft(BaseModel):
    """Lenient where nothing is lost by it: models add fields and write null for what they leave out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


class CheckDraft(_Draft):
    """Exactly one of the three."""

    task: bool = Field(default=False, description="true: the check of the task itself")
    tests: str = Field(default="", description="Python source of a pytest file that fails now")
    command: str = Field(default="", description="a shell command that fails now and ends with 0 when the step is done")


class StepDraft(_Draft):
    """One step."""

    id: str = Field(min_length=1, max_length=40)
    kind: StepKind
    goal: str = Field(min_length=1, description="one line for people")
    target: str = Field(default="", description="function: path.py::name or path.py::Class.method")
    files: tuple[str, ...] = Field(default=(), description="edit: existing files it changes or must see")
    statement: str = Field(default="", description="for the solver; complete by itself")
    check: CheckDraft = CheckDraft()
    needs: tuple[str, ...] = ()
    route: Literal["specialist", "planner", ""] = ""
    reason: str = Field(default="", description="why this route")

    @field_validator("files", "needs", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) and value else value or ()

    @property
    def chosen_route(self) -> Route | None:
        """The route, where one was chosen."""
        return self.route or None


class PlanDraft(_Draft):
    """The whole plan."""

    steps: tuple[StepDraft, ...]
    drop: tuple[str, ...] = Field(default=(), description="ids of done steps whose work must be taken back")
    why: str = Field(default="", description="for a plan without steps: why")


def plan_schema() -> dict[str, Any]:
    """JSON schema of the plan without references and titles: short, and understood by every server."""
    schema = PlanDraft.model_json_schema()
    definitions = schema.pop("$defs", {})
    resolved: dict[str, Any] = _resolved(schema, definitions)
    return resolved


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(definitions[node["$ref"].rpartition("/")[2]], definitions)
    dropped = ("title", "default", "minLength", "maxLength")
    kept = {k: v for k, v in node.items() if k not in dropped or k in ("properties",)}
    if "properties" in kept:
        properties = {name: _resolved(value, definitions) for name, value in kept["properties"].items()}
        rest = {k: _resolved(v, definitions) for k, v in kept.items() if k not in ("properties", "description")}
        return {**rest, "properties": properties}
    return {k: _resolved(v, definitions) for k, v in kept.items()}
