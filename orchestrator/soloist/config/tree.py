"""The tree of settings, walked: which keys there are, which tables they stand in."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from soloist.config.settings import Settings
from soloist.config.tomlfile import Part

KeyPath = tuple[str, ...]


@cache
def leaves() -> Mapping[KeyPath, FieldInfo]:
    """Every key that holds a value, by path; roles are tables, so ("planner",) is none of them."""
    return dict(_leaves(Settings, ()))


def keys_at(path: Sequence[Part]) -> Sequence[str]:
    """The keys of the table at `path`; none where every key is fine, or nothing is known."""
    table: type[BaseModel] | None = Settings
    steps = iter(path)
    for part in steps:
        if isinstance(part, int):
            continue
        field = table.model_fields.get(part) if table else None
        if field is None:
            return ()
        table = next(_tables(field.annotation), None)
        if get_origin(field.annotation) is Mapping and next(steps, None) is None:  # the next part is a key of the user's own
            return ()
    return tuple(table.model_fields) if table else ()


def is_text(path: KeyPath) -> bool:
    """True when the key holds text, which stands without quotes in a variable or a flag."""
    return _is_text(leaves()[path].annotation)


def _is_text(annotation: Any) -> bool:
    return annotation is str or isinstance(annotation, str) or any(
        _is_text(part) for part in get_args(annotation) if get_origin(annotation) not in (tuple, Mapping)
    )  # fmt: skip


def _leaves(table: type[BaseModel], above: KeyPath) -> Iterator[tuple[KeyPath, FieldInfo]]:
    for name, field in table.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _leaves(inner, (*above, name))
        else:
            yield (*above, name), field


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)
