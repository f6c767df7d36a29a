"""Which expressions need parentheses where. Higher binds tighter."""

import libcst as cst

LOOSE, LAMBDA, CHOICE, OR, AND, NOT, COMPARE, BITOR, BITXOR, BITAND, SHIFT, SUM, PRODUCT, SIGN, POWER, AWAIT, ATOM = range(17)

_BINARY: dict[type[cst.CSTNode], int] = {
    cst.Add: SUM,
    cst.Subtract: SUM,
    cst.Multiply: PRODUCT,
    cst.Divide: PRODUCT,
    cst.FloorDivide: PRODUCT,
    cst.Modulo: PRODUCT,
    cst.MatrixMultiply: PRODUCT,
    cst.Power: POWER,
    cst.LeftShift: SHIFT,
    cst.RightShift: SHIFT,
    cst.BitAnd: BITAND,
    cst.BitOr: BITOR,
    cst.BitXor: BITXOR,
}


def of(node: cst.CSTNode) -> int:
    """How tightly the node's own code binds, its parentheses not counted."""
    match node:
        case cst.BinaryOperation():
            return _BINARY[type(node.operator)]
        case cst.BooleanOperation():
            return OR if isinstance(node.operator, cst.Or) else AND
        case cst.UnaryOperation():
            return NOT if isinstance(node.operator, cst.Not) else SIGN
        case cst.Comparison():
            return COMPARE
        case cst.IfExp():
            return CHOICE
        case cst.Lambda():
            return LAMBDA
        case cst.Await():
            return AWAIT
        case cst.Yield() | cst.NamedExpr() | cst.StarredElement():
            return LOOSE
        case cst.Tuple() | cst.GeneratorExp():
            return ATOM if node.lpar else LOOSE
        case _:
            return ATOM


def needed(parent: cst.CSTNode, slot: str) -> int:
    """How tightly an expression must bind to stand in this place without parentheses."""
    match parent:
        case cst.BinaryOperation():
            return _needed_in_binary(_BINARY[type(parent.operator)], slot)
        case cst.BooleanOperation():
            return OR if isinstance(parent.operator, cst.Or) else AND
        case cst.UnaryOperation():
            return NOT if isinstance(parent.operator, cst.Not) else SIGN
        case cst.Comparison() | cst.ComparisonTarget() | cst.StarredElement():
            return BITOR
        case cst.IfExp():
            return CHOICE if slot == "orelse" else OR
        case cst.CompFor() | cst.CompIf():
            return OR
        case cst.Attribute() | cst.Call() | cst.Subscript() | cst.Await():
            return ATOM
        case _:
            return LAMBDA


def _needed_in_binary(own: int, slot: str) -> int:
    if own == POWER:
        return AWAIT if slot == "left" else SIGN
    return own if slot == "left" else own + 1
