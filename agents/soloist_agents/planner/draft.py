"""A plan as the model writes it: the arguments of `submit_plan`."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from soloist_agents.contract import Route, StepKind

DROPPED = frozenset({"title", "default", "minLength", "maxLength", "$defs"})


class _Draft(BaseModel):
    """Lenient where nothing is lost by it: models add fields and write null for what they leave out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


class CheckDraft(_Draft):
    """Exactly one of the three."""

    task: bool = Field(default=False, description="the task's own check")
    tests: str = Field(default="", description="source of a pytest file")
    command: str = Field(default="", description="a shell command")


class StepDraft(_Draft):
    """One step."""

    id: str = Field(min_length=1, max_length=40)
    kind: StepKind
    goal: str = Field(min_length=1)
    target: str = Field(default="", description="function: path.py::name or path.py::Class.method; program: path.py")
    files: tuple[str, ...] = Field(default=(), description="edit, knowledge: path, or path:first-last")
    patch: str = Field(default="", description="edit: id of edits tried with try_edit")
    statement: str = ""
    check: CheckDraft = CheckDraft()
    needs: tuple[str, ...] = ()
    route: Literal["specialist", "planner", ""] = Field(default="", description='"planner" keeps it from the specialist')
    reason: str = ""

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
    note: str = Field(default="", description="for the person who asked")


@cache
def plan_schema() -> dict[str, Any]:
    """JSON schema of the plan."""
    return compact(PlanDraft.model_json_schema())


def compact(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema without references, titles and defaults: short, and understood by every server."""
    found: dict[str, Any] = _compact(schema, schema.get("$defs", {}))
    return found


def _compact(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_compact(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _compact(
            {k: v for k, v in definitions[node["$ref"].rpartition("/")[2]].items() if k != "description"}, definitions
        )
    kept = {k: v for k, v in node.items() if k not in DROPPED and not (k == "description" and "properties" in node)}
    return {
        k: {name: _compact(value, definitions) for name, value in v.items()} if k == "properties" else _compact(v, definitions)
        for k, v in kept.items()
    }
