"""Strings: blanks, letters, case, patterns, and other strings of the file."""

import re
from collections.abc import Iterator

import libcst as cst

from soloist_agents.search.change import Change
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View
from soloist_agents.search.vocabulary import MOST

MIRROR = str.maketrans("<>()[]{}", "><)(][}{")
USUAL = ("", " ", ",", ", ", "\\n", "-", "_", ".", "/")
LONGEST = 60


def blanks(site: Site, view: View) -> Iterator[Change]:
    """`' '` to `''`, a blank more or less at either end."""
    body = _body(site)
    if body is not None and not _is_docstring(site):
        options = {body.strip(): 1.5, body.lstrip(): 1.0, body.rstrip(): 1.0, f"{body} ": 0.7, f" {body}": 0.5}
        yield from _all(site, view, options, body)


def letters(site: Site, view: View) -> Iterator[Change]:
    """A character less, two exchanged, the mirror image of a bracket."""
    body = _body(site)
    if body is None or _is_docstring(site) or len(body) > LONGEST or "\\" in body:
        return
    options = {body.translate(MIRROR): 2.0} if len(body) <= 3 else {}
    if len(body) <= 30:
        options |= {body[:i] + body[i + 1 :]: 0.5 for i in range(len(body))}
    if len(body) <= 12:
        options |= {body[:i] + body[i + 1] + body[i] + body[i + 2 :]: 0.5 for i in range(len(body) - 1)}
    yield from _all(site, view, options, body)


def case(site: Site, view: View) -> Iterator[Change]:
    """Another case."""
    body = _body(site)
    if body and body.isidentifier() and not _is_docstring(site):
        yield from _all(site, view, {body.lower(): 1.0, body.upper(): 1.0, body.capitalize(): 1.0}, body)


def seen_string(site: Site, view: View) -> Iterator[Change]:
    """Another string that the file has, or a usual separator."""
    body = _body(site)
    if body is None or _is_docstring(site):
        return
    seen = {
        text.replace("\\", "\\\\"): 1.0 for text, _ in view.words.strings.most_common(3 * MOST) if not set(text) & set("'\"\n\t")
    }
    alike = {
        text: weight
        for text, weight in seen.items()
        if abs(len(text) - len(body)) <= 12 and text.isidentifier() == body.isidentifier()
    }
    usual = dict.fromkeys(USUAL, 0.5) if len(body) <= 2 else {"": 0.5}
    yield from _all(site, view, usual | dict(list(alike.items())[:MOST]), body)


def string_to_name(site: Site, view: View) -> Iterator[Change]:
    """`'text'` to `text`, where there is such a name; other names are less likely."""
    body = _body(site)
    if body is None or _is_docstring(site) or isinstance(site.parent and site.parent.node, cst.ConcatenatedString):
        return
    for name in view.names.visible(site):
        if name == body:
            yield view.put(site, name, weight=5.0)
            yield from (view.put(site, f"{name}.{method}", weight=2.0) for method in ("encode()", "encode('ascii')", "lower()"))
        elif name not in ("self", "cls"):
            yield view.put(site, name, weight=0.5)


def pattern(site: Site, view: View) -> Iterator[Change]:
    r"""`\d` to `\d+`, `*` to `+`, with and without anchors, in a regular expression."""
    body = _body(site)
    node = site.node
    if body is None or not isinstance(node, cst.SimpleString) or "r" not in node.prefix.lower():
        return
    options: dict[str, float] = {}
    for match in re.finditer(r"\\[dws](?![*+?{])|[*+]\??|\\[dws]\+", body):
        start, end = match.span()
        for new in {"*": ("+", "*?"), "+": ("*", "+?")}.get(
            match.group(), (f"{match.group()}+", f"{match.group()}*", f"{match.group()}?")
        ):
            options[body[:start] + new + body[end:]] = 1.0
    options |= {body.removesuffix("$"): 0.5, f"{body}$": 0.5, body.removeprefix("^"): 0.5, f"^{body}": 0.3}
    yield from _all(site, view, options, body)


def _all(site: Site, view: View, options: dict[str, float], body: str) -> Iterator[Change]:
    own = view.text[site.start : site.end]
    head = own[: len(own) - len(own.lstrip("rRbBuU"))]
    quote = own[len(head)]
    for text, weight in options.items():
        if text != body and quote not in text:
            yield view.token(site, f"{head}{quote}{text}{quote}", weight)


def _body(site: Site) -> str | None:
    """What stands between the quotes; None for triple quotes."""
    node = site.node
    return node.raw_value if isinstance(node, cst.SimpleString) and len(node.quote) == 1 else None


def _is_docstring(site: Site) -> bool:
    return isinstance(site.parent and site.parent.node, cst.Expr)
