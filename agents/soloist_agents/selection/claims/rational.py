"""Exact arithmetic on a few characters of text."""

import ast
from fractions import Fraction
from functools import lru_cache

LONGEST = 300
"""Characters of an expression that is evaluated."""
MOST_BITS = 4_000
"""Of a numerator or denominator on the way."""
MOST_POWER = 1_000
_DIGITS = 15
"""Significant digits of a decimal fraction that the parser keeps exactly."""


@lru_cache(maxsize=4096)
def value_of(expression: str) -> Fraction | None:
    """The value of `2 * (3 + 0.5) ** 2`: numbers, + - * / // % ** and brackets, as Python reads them.

    Exact, also for decimal fractions. None where it isn't such an expression, has no value (a division by zero, a root), or would
    grow past `MOST_BITS`. Nothing is executed: the syntax tree is walked here. Takes microseconds to a few milliseconds.
    """
    if len(expression) > LONGEST:
        return None
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant):
        return _number(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -_value(node.operand) if isinstance(node.op, ast.USub) else _value(node.operand)
    if isinstance(node, ast.BinOp):
        return _bounded(_applied(node.op, _value(node.left), _value(node.right)))
    raise ValueError("no arithmetic")


def _number(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    text = repr(value)
    if isinstance(value, float) and len(text.replace(".", "").lstrip("0")) > _DIGITS:
        raise ValueError("too many digits to be exact")
    return Fraction(text)


def _applied(op: ast.operator, left: Fraction, right: Fraction) -> Fraction:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return Fraction(left // right)
        case ast.Mod():
            return left % right
        case ast.Pow():
            return _power(left, right)
    raise ValueError("no arithmetic")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator != 1 or abs(exponent) > MOST_POWER or bits * abs(exponent) > MOST_BITS:
        raise ValueError("a root, or too large")
    return Fraction(base**exponent.numerator)


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > MOST_BITS or value.denominator.bit_length() > MOST_BITS:
        raise ValueError("too large")
    return value
