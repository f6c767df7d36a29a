"""From edits to candidates: apply, compile, and never say the same thing twice."""

import ast
import hashlib
from collections.abc import Iterable, Iterator

from soloist_tools.parsing import compiles, parsed

from soloist_agents.contract import Candidate
from soloist_agents.search.change import Edit, apply, describe, size
from soloist_agents.search.target import split_lines

AUTHOR = "search"


class Drafts:
    """Candidates of one stream. Remembers which sources and which syntax trees it has seen."""

    def __init__(self, *known: str) -> None:
        self._texts: set[str] = set(known)
        self._trees: set[str] = set()
        self._shapes = Shapes()
        for text in known:
            self._note_tree(text)

    def skip(self, texts: Iterable[str]) -> None:
        """Never say these."""
        self._texts.update(texts)

    def of(
        self, text: str, edits: Iterable[Edit], first_line: int, before: Candidate | None = None
    ) -> Iterator[Candidate | None]:
        """A candidate for every edit that gives a new, compiling function, and None for every other edit.

        `before` is the candidate that `text` is from, where it isn't the original.
        """
        for edit in edits:
            new = apply(text, edit.splices)
            if not self._is_new(new):
                yield None
                continue
            note, tokens = describe(text, edit.splices, first_line), size(text, edit.splices)
            if before is None:
                yield Candidate(author=AUTHOR, text=new, note=note, size=tokens)
            else:
                note = f"{before.note}; {note}"
                yield Candidate(author=AUTHOR, text=new, note=note, size=before.size + tokens, depth=before.depth + 1)

    def _is_new(self, text: str) -> bool:
        if text in self._texts:
            return False
        self._texts.add(text)
        return self._note_tree(text)

    def _note_tree(self, text: str) -> bool:
        """Remember the text's syntax tree; False where it is known already or the text doesn't compile."""
        try:
            tree = parsed(text)
        except ValueError:
            return False
        if not compiles(tree):
            return False
        lines = split_lines(text)
        key = "".join(self._shapes.of(node, lines) for node in tree.body)
        if key in self._trees:
            return False
        self._trees.add(key)
        return True


class Shapes:
    """`ast.dump` that remembers statements by their text, as most of a function is the same in all candidates."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, node: ast.stmt | ast.AST, lines: list[str]) -> str:
        """What `ast.dump` would say, in a short form that is only good for comparing."""
        if not isinstance(node, ast.stmt):
            return ast.dump(node)
        key = ("".join(lines[node.lineno - 1 : node.end_lineno]), node.col_offset, node.end_col_offset or 0)
        if key not in self._known:
            whole = "".join(self._of_field(value, lines) for _, value in ast.iter_fields(node))
            self._known[key] = hashlib.sha256(f"{type(node).__name__}({whole})".encode(errors="surrogatepass")).hexdigest()
        return self._known[key]

    def _of_field(self, value: object, lines: list[str]) -> str:
        if isinstance(value, list):
            return f"[{','.join(self._of_field(item, lines) for item in value)}]"
        return self.of(value, lines) if isinstance(value, ast.AST) else repr(value)
