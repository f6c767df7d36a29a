"""What models are told: the Markdown files of this folder, rendered strictly."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined


def render(prompt: str, **values: Any) -> str:
    """The prompt file `prompt`.md with its values. Raises jinja2's `UndefinedError` for a value that is missing."""
    return _environment().get_template(prompt).render(**values).strip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - the text goes to a model, not into a page
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["fenced"] = fenced
    return environment


def _source(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def fenced(text: str, language: str = "") -> str:
    """The text in a code fence that nothing in it can close."""
    lines = [line.lstrip(" \t") for line in text.splitlines()]  # an indented fence closes, too
    longest = max((len(line) - len(line.lstrip("`")) for line in lines), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
