"""The languages whose syntax is known, and which nodes of their grammars define something."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Parser


@dataclass(frozen=True, slots=True)
class Grammar:
    """How to read the definitions of one language."""

    module: str
    """A package that carries the compiled grammar: nothing is fetched."""
    defines: Mapping[str, str]
    """Node type -> kind. A definition that holds definitions (a class, an impl, a namespace) is split at them."""
    through: frozenset[str]
    """Nodes that hold definitions without being one."""
    wraps: frozenset[str] = frozenset()
    """Nodes around one definition that belong to it: decorators, `export`, `template <...>`."""
    function: str = "language"
    """What gives the grammar out of its module."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCRIPT = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "class_declaration": "class",
    "method_definition": "method",
    "variable_declarator": "function",
    "field_definition": "method",
    "public_field_definition": "method",
}
_SCRIPT_THROUGH = _words("program class_body statement_block lexical_declaration variable_declaration expression_statement")
_TYPED = {
    **_SCRIPT,
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
}
_C = {"function_definition": "function", "struct_specifier": "struct", "union_specifier": "union", "enum_specifier": "enum"}
_C_THROUGH = _words(
    "translation_unit declaration_list preproc_if preproc_ifdef preproc_else preproc_elif linkage_specification type_definition "
    "declaration field_declaration_list"
)

GRAMMARS: Mapping[str, Grammar] = {
    "python": Grammar(
        "tree_sitter_python",
        {"function_definition": "function", "class_definition": "class"},
        _words("module block if_statement elif_clause else_clause try_statement except_clause finally_clause with_statement"),
        _words("decorated_definition"),
    ),
    "javascript": Grammar("tree_sitter_javascript", _SCRIPT, _SCRIPT_THROUGH, _words("export_statement")),
    "typescript": Grammar(
        "tree_sitter_typescript", _TYPED, _SCRIPT_THROUGH, _words("export_statement ambient_declaration"), "language_typescript"
    ),
    "tsx": Grammar(
        "tree_sitter_typescript", _TYPED, _SCRIPT_THROUGH, _words("export_statement ambient_declaration"), "language_tsx"
    ),
    "go": Grammar(
        "tree_sitter_go",
        {"function_declaration": "function", "method_declaration": "method", "type_spec": "type"},
        _words("source_file type_declaration"),
    ),
    "rust": Grammar(
        "tree_sitter_rust",
        {
            "function_item": "function",
            "impl_item": "impl",
            "struct_item": "struct",
            "enum_item": "enum",
            "trait_item": "trait",
            "mod_item": "module",
            "macro_definition": "macro",
            "union_item": "union",
        },
        _words("source_file declaration_list"),
    ),
    "java": Grammar(
        "tree_sitter_java",
        {
            "class_declaration": "class",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "record_declaration": "record",
            "annotation_type_declaration": "annotation",
            "method_declaration": "method",
            "constructor_declaration": "constructor",
        },
        _words("program class_body interface_body enum_body enum_body_declarations"),
    ),
    "c": Grammar("tree_sitter_c", _C, _C_THROUGH),
    "cpp": Grammar(
        "tree_sitter_cpp",
        {**_C, "class_specifier": "class", "namespace_definition": "namespace", "concept_definition": "concept"},
        _C_THROUGH,
        _words("template_declaration"),
    ),
}

_LANGUAGES = {
    "python": "py pyi pyw",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "c": "c",
    "cpp": "cc cpp cxx h hh hpp hxx ipp cu cuh",
    "markdown": "md markdown mdx",
    "rst": "rst rest",
}
_BY_SUFFIX = {f".{suffix}": name for name, suffixes in _LANGUAGES.items() for suffix in suffixes.split()}


def language(path: str) -> str:
    """A key of `GRAMMARS`, "markdown", "rst" or "text"."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower(), "text")


@cache
def parser(name: str) -> "Parser":
    """The parser of a language in `GRAMMARS`, loaded on first use."""
    from tree_sitter import Language, Parser

    grammar = GRAMMARS[name]
    return Parser(Language(getattr(import_module(grammar.module), grammar.function)()))
