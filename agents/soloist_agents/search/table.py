"""The named table of edits: every operator, what it looks at, and how often real fixes are of its kind.

Priors are relative frequencies, set by reading published bug-fix studies (one-statement fixes are mostly a wrong name, a wrong
call or argument, a wrong constant, and a condition that is too wide or too narrow) and tuned on small real programs. Each
operator shares its prior among all its edits of a function, so one that could do five hundred things comes after one that
could do three.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst

from soloist_agents.search.change import Change
from soloist_agents.search.operators import (
    arithmetic,
    calling,
    choosing,
    comparing,
    constants,
    guards,
    logic,
    naming,
    returning,
    slicing,
    statements,
    strings,
    transplant,
    wrapping,
)
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View

Kinds = tuple[type[cst.CSTNode], ...]

EXPRESSION: Kinds = (cst.Name, cst.Call, cst.Attribute, cst.Subscript, cst.BinaryOperation, cst.ListComp)
TESTED: Kinds = (*EXPRESSION, cst.Comparison, cst.BooleanOperation, cst.UnaryOperation)
NUMBER: Kinds = (cst.Integer, cst.Float)
VALUED: Kinds = (cst.Return, cst.Assign)
FUNCTION: Kinds = (cst.FunctionDef,)


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of edit."""

    name: str
    prior: float
    """How often a fix is of this kind, relative to the others."""
    on: Kinds
    """Nodes it is asked about; `FUNCTION` for an operator that looks at the whole function once."""
    changes: Callable[[Site, View], Iterator[Change]]
    wide: bool = False
    """It has so many edits a line that a long function gets them only where it is most suspicious."""

    @property
    def does(self) -> str:
        """What it does, from its own documentation."""
        return (self.changes.__doc__ or "").strip()


TABLE: tuple[Operator, ...] = (
    # Comparisons
    Operator("boundary", 6.0, (cst.ComparisonTarget,), comparing.boundary),
    Operator("inverse comparison", 4.0, (cst.ComparisonTarget,), comparing.inverse),
    Operator("other comparison", 4.0, (cst.ComparisonTarget,), comparing.direction),
    Operator("kind of comparison", 1.0, (cst.ComparisonTarget,), comparing.kind),
    Operator("both sides wrapped", 1.0, (cst.Comparison,), comparing.both_sides),
    Operator("first character", 0.3, (cst.Comparison,), comparing.first_character),
    # Arithmetic
    Operator("arithmetic sign", 4.0, (cst.BinaryOperation,), arithmetic.sign),
    Operator("augmented sign", 3.0, (cst.AugAssign,), arithmetic.augmented_sign),
    Operator("augmented or plain", 1.0, (cst.AugAssign, cst.Assign), arithmetic.augmented_or_plain),
    Operator("operand order", 2.0, (cst.BinaryOperation,), arithmetic.operand_order),
    Operator("regrouping", 1.0, (cst.BinaryOperation,), arithmetic.regrouping),
    Operator("operand dropped", 4.0, (cst.BinaryOperation,), arithmetic.operand_dropped),
    Operator("off by one", 7.0, (*EXPRESSION,), arithmetic.off_by_one),
    Operator(
        "sign change",
        1.0,
        (cst.UnaryOperation, cst.Name, cst.Call, cst.Subscript, cst.Integer),
        arithmetic.sign_change,
        wide=True,
    ),
    # Truth
    Operator("and/or", 4.0, (cst.BooleanOperation,), logic.and_or),
    Operator("negation", 4.0, TESTED, logic.negated),
    Operator("condition dropped", 3.0, (cst.BooleanOperation,), logic.operand_dropped),
    Operator("condition order", 0.3, (cst.BooleanOperation,), logic.operand_order),
    Operator("seen condition joined", 2.0, TESTED, logic.narrowed_by_seen, wide=True),
    Operator("new condition joined", 4.0, TESTED, logic.narrowed_by_new, wide=True),
    Operator("condition guarded", 3.0, TESTED, logic.guarded),
    Operator("none or empty", 2.0, TESTED, logic.none_or_empty),
    Operator("constant condition", 0.5, TESTED, logic.always),
    Operator("endless loop ends", 1.0, (cst.While,), logic.any_loop_ends),
    # Names
    Operator("other name", 9.0, (cst.Name,), naming.other_name),
    Operator("other target", 1.0, (cst.Name,), naming.other_target, wide=True),
    Operator("module name", 1.0, (cst.Name,), naming.module_name, wide=True),
    Operator("name to expression", 2.0, (cst.Name,), naming.name_to_expression, wide=True),
    Operator("other attribute", 3.0, (cst.Attribute,), naming.other_attribute),
    Operator("own attribute", 1.0, (cst.Name,), naming.own_attribute),
    Operator("attribute dropped", 0.5, (cst.Attribute,), naming.attribute_dropped),
    Operator("attribute added", 0.5, (cst.Name,), naming.attribute_added),
    # Calls
    Operator("kin function", 5.0, (cst.Call,), calling.kin),
    Operator("kin passed", 1.0, (cst.Name,), calling.function_passed),
    Operator("other function", 2.0, (cst.Call,), calling.other_function),
    Operator("arguments swapped", 3.0, (cst.Call,), calling.arguments_swapped),
    Operator("argument dropped", 2.0, (cst.Call,), calling.argument_dropped),
    Operator("argument added", 3.0, (cst.Call,), calling.argument_added, wide=True),
    Operator("keyword added", 2.0, (cst.Call,), calling.keyword_added, wide=True),
    Operator("argument replaced", 2.0, (cst.Arg,), calling.argument_replaced, wide=True),
    Operator("arguments replaced", 0.5, (cst.Call,), calling.arguments_all_replaced),
    Operator("receiver and argument", 0.5, (cst.Call,), calling.receiver_and_argument),
    # Wrapping
    Operator("call added", 5.0, EXPRESSION, wrapping.call_added, wide=True),
    Operator("wrapped everywhere", 1.0, FUNCTION, wrapping.wrapped_everywhere),
    Operator("bound added", 1.0, EXPRESSION, wrapping.call_and_bound, wide=True),
    Operator("call dropped", 2.0, (cst.Call,), wrapping.call_dropped),
    Operator("method added", 3.0, EXPRESSION, wrapping.method_added, wide=True),
    Operator("method dropped", 1.5, (cst.Call,), wrapping.method_dropped),
    Operator("sorting added", 1.0, EXPRESSION, wrapping.sorting_added, wide=True),
    Operator("literal to call", 1.0, (cst.List, cst.Call), wrapping.literal_to_call),
    Operator("literal added", 1.0, (*EXPRESSION, cst.List, cst.Dict), wrapping.literal_added, wide=True),
    Operator("await", 1.0, (cst.Await, cst.Call), wrapping.awaited),
    # Positions
    Operator("slice added", 3.0, EXPRESSION, slicing.slice_added, wide=True),
    Operator("index added", 1.5, EXPRESSION, slicing.index_added, wide=True),
    Operator("subscript dropped", 1.5, (cst.Subscript,), slicing.subscript_dropped),
    Operator("item to total", 0.5, (cst.Subscript,), slicing.subscript_to_total),
    Operator("slice bounds", 2.0, (cst.Slice,), slicing.bounds),
    Operator("index changed", 3.0, (cst.Index,), slicing.index_changed),
    Operator("subscripts swapped", 2.0, (cst.Subscript,), slicing.subscripts_swapped),
    Operator("elements swapped", 2.0, (cst.List, cst.Tuple), slicing.elements_swapped),
    Operator("element dropped", 1.5, (cst.List, cst.Tuple, cst.Set), slicing.element_dropped),
    Operator("element added", 0.7, (cst.List, cst.Tuple, cst.Set), slicing.element_added),
    Operator("store to append", 0.3, (cst.Assign,), slicing.store_to_append),
    # Constants
    Operator("next number", 7.0, NUMBER, constants.next_number),
    Operator("usual number", 4.0, NUMBER, constants.usual_number),
    Operator("seen number", 1.5, NUMBER, constants.seen_number, wide=True),
    Operator("number to name", 1.5, NUMBER, constants.number_to_name, wide=True),
    Operator("name to number", 0.5, (cst.Name,), constants.name_to_number, wide=True),
    Operator("truth value", 4.0, (cst.Name,), constants.truth),
    Operator("start value", 3.0, (cst.Assign,), constants.start_value),
    Operator("default value", 1.0, (cst.Param,), constants.default_value),
    Operator("constant everywhere", 1.0, FUNCTION, constants.everywhere),
    # Strings
    Operator("blanks", 3.0, (cst.SimpleString,), strings.blanks),
    Operator("letters", 3.0, (cst.SimpleString,), strings.letters),
    Operator("case", 0.5, (cst.SimpleString,), strings.case),
    Operator("seen string", 2.0, (cst.SimpleString,), strings.seen_string),
    Operator("string to name", 1.0, (cst.SimpleString,), strings.string_to_name),
    Operator("pattern", 1.0, (cst.SimpleString,), strings.pattern),
    # What is returned, and jumps
    Operator("usual value returned", 2.0, (cst.Return,), returning.value_to_usual),
    Operator("seen value returned", 2.5, (cst.Return,), returning.value_to_seen, wide=True),
    Operator("value returned", 1.0, (cst.Return,), returning.value_added),
    Operator("generator", 0.7, (cst.Yield, cst.Return), returning.generator),
    Operator("jump", 1.0, (cst.Break, cst.Continue, cst.Pass), returning.jump),
    Operator("return or go on", 0.5, (cst.Return, cst.Expr), returning.return_in_loop),
    Operator("error raised", 0.7, (cst.Raise, cst.Return), returning.raised),
    Operator("error caught", 1.0, (cst.ExceptHandler,), returning.caught),
    # Branches
    Operator("value guarded", 1.5, VALUED, choosing.value_guarded, wide=True),
    Operator("default added", 1.0, EXPRESSION, choosing.default_added, wide=True),
    Operator("default for none only", 1.0, (cst.BooleanOperation,), choosing.default_for_none_only),
    Operator("branches swapped", 1.0, (cst.IfExp,), choosing.branches_swapped),
    Operator("branch taken", 0.5, (cst.IfExp,), choosing.branch_taken),
    Operator("elif or if", 1.0, (cst.If,), choosing.elif_if),
    Operator("else dropped", 0.7, (cst.Else,), choosing.else_dropped),
    Operator("condition pulled out", 0.7, (cst.If,), choosing.condition_pulled_out),
    Operator("returns swapped", 1.0, FUNCTION, choosing.returns_swapped),
    # Statements
    Operator("statement dropped", 3.0, FUNCTION, statements.dropped),
    Operator("statements swapped", 1.5, FUNCTION, statements.swapped),
    Operator("moved out of block", 1.5, FUNCTION, statements.moved_out),
    Operator("moved into block", 1.0, FUNCTION, statements.moved_in),
    Operator("statement repeated", 1.5, FUNCTION, statements.repeated),
    Operator("statement repeated with other name", 1.0, FUNCTION, statements.repeated_with_other_name),
    Operator("collection grown", 2.5, FUNCTION, statements.grown),
    Operator("assignment added", 2.0, FUNCTION, statements.assigned),
    Operator("counter moved", 1.0, FUNCTION, statements.counted),
    Operator("name made ready", 1.0, FUNCTION, statements.rebound),
    # Guards
    Operator("early return", 3.0, FUNCTION, guards.early_return),
    Operator("early error", 1.0, FUNCTION, guards.early_error),
    Operator("loop skipped", 1.0, FUNCTION, guards.loop_skipped),
    Operator("statement under condition", 1.0, FUNCTION, guards.wrapped),
    Operator("conditional update", 1.0, FUNCTION, guards.conditional_update),
    Operator("else by analogy", 1.0, FUNCTION, guards.else_by_analogy),
    Operator("failure caught", 0.7, FUNCTION, guards.caught),
    # Code from elsewhere in the function
    Operator("expression replaced", 2.0, (*EXPRESSION, cst.UnaryOperation), transplant.expression, wide=True),
    Operator("negative of a name", 0.3, VALUED, transplant.negative, wide=True),
    Operator("condition replaced", 1.0, TESTED, transplant.condition, wide=True),
)
