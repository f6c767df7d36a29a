"""An answer of a given type, from any model, by the best way that the model has."""

import json
import re
import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from soloist_agents.models.completing import complete
from soloist_agents.models.contract import Completion, Message, Model, ModelMisbehaved, Request, Schema, ToolSpec
from soloist_agents.models.failures import ContextExceeded, RequestRefused

Answer = TypeVar("Answer", bound=BaseModel)
Way = Literal["schema", "tool", "text"]
"""The server holds the answer to a JSON schema; a forced tool call; JSON in plain text."""

WAYS: tuple[Way, ...] = ("schema", "tool", "text")
COMPLAINTS = 10
"""Validation errors shown to the model."""

_works: "weakref.WeakKeyDictionary[Model, int]" = weakref.WeakKeyDictionary()
"""By model: the first way (its place in WAYS) not known to fail."""
_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)


async def structured(model: Model, request: Request, type_: type[Answer]) -> Answer:
    """The model's answer as a value of `type_`.

    A way that the model refuses, or does not keep to, is not used with it again. An answer that is no such value is shown back
    once, with what is wrong. `request.n`, `schema_`, `tools` and `tool_choice` are set here.
    Raises `ModelError`; `ModelMisbehaved` when the repaired answer is wrong too.
    """
    asked = request
    wrong = ""
    for last in (False, True):
        completion = await _answered(model, asked, type_)
        try:
            return _value(completion, type_)
        except _NoValue as error:
            wrong = str(error)
        if not last:
            asked = request.model_copy(update={"messages": (*request.messages, *_repair(completion, wrong))})
    raise ModelMisbehaved(f"{model.name} gave no valid {type_.__name__}, not even when shown what is wrong: {_line(wrong)}")


class _NoValue(ValueError):
    """This answer holds no value of the type; the text says why."""


async def _answered(model: Model, request: Request, type_: type[BaseModel]) -> Completion:
    """An answer by the first way that the model takes and keeps to."""
    for place in range(_works.get(model, 0), len(WAYS)):
        way = WAYS[place]
        try:
            (completion,) = await complete(model, _by(way, request, type_))
        except ContextExceeded:
            raise
        except RequestRefused:
            if way == "text":
                raise
        else:
            if way == "text" or _kept(way, completion):
                _works[model] = place
                return completion
    raise AssertionError("text is always taken")


def _by(way: Way, request: Request, type_: type[BaseModel]) -> Request:
    schema = type_.model_json_schema()
    about = (type_.__doc__ or f"The answer, a {type_.__name__}.").strip()
    plain = {"n": 1, "tools": (), "tool_choice": None, "schema_": None}
    if way == "schema":
        return request.model_copy(update={**plain, "schema_": Schema(name=type_.__name__, schema_=schema)})
    if way == "tool":
        tool = ToolSpec(name=type_.__name__, description=about, parameters=schema)
        return request.model_copy(update={**plain, "tools": (tool,), "tool_choice": "required"})
    form = f"Answer with one JSON object only, in a ```json fence, that is valid under this JSON schema:\n{json.dumps(schema)}"
    return request.model_copy(update={**plain, "messages": (*request.messages, Message(role="user", content=form))})


def _kept(way: Way, completion: Completion) -> bool:
    """Did the server do what was asked of it, right or wrong in its contents? A cut answer says nothing about that."""
    if completion.finish in ("length", "loop", "filtered"):
        return True
    return bool(completion.tool_calls) if way == "tool" else any(True for _ in _objects(completion.content))


def _value(completion: Completion, type_: type[Answer]) -> Answer:
    texts = [call.arguments for call in completion.tool_calls] or [completion.content]
    found = [value for text in texts for value in _objects(text)]
    if not found:
        cut = f" (it ended by {completion.finish!r})" if completion.finish not in ("stop", "tool_calls") else ""
        raise _NoValue(f"there is no JSON object in the answer{cut}")
    complaint = ""
    for value in reversed(found):
        try:
            return type_.model_validate_json(json.dumps(value))
        except ValidationError as error:
            complaint = complaint or _complaint(error)
    raise _NoValue(complaint)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """JSON objects in a text: the whole of it, each fence, or what stands between its first brace and its last."""
    spans = [text, *_FENCE.findall(text), text[text.find("{") : text.rfind("}") + 1]]
    for span in spans:
        try:
            value = json.loads(span, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, Mapping):
            yield value


def _complaint(error: ValidationError) -> str:
    told = [f"- {'.'.join(map(str, each['loc'])) or 'the object'}: {each['msg']}" for each in error.errors()[:COMPLAINTS]]
    more = error.error_count() - COMPLAINTS
    return "\n".join([*told, f"- and {more} more"] if more > 0 else told)


def _repair(completion: Completion, wrong: str) -> tuple[Message, Message]:
    said = completion.content or "\n".join(call.arguments for call in completion.tool_calls)
    ask = f"That is not valid:\n{wrong}\nGive the whole answer again, corrected."
    return Message(role="assistant", content=said or "(nothing)"), Message(role="user", content=ask)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
