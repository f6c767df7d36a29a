"""The delegation story: a small shop, a goal in three steps, and what planner and specialist say to it.

`function` (the specialist fails it: one sample is wrong, one is cut; the planner takes over), `edit` (the planner's glue),
`knowledge` (an answer with citations).
"""

import json
from collections.abc import Mapping

from soloist.testing import Ask, Reply, ToolCall, Usage

PLANNER, SPECIALIST = "big-planner", "VibeThinker-3B"
GOAL = "Give a discount on bulk orders, and say where prices are rounded"

CART = '''"""A shopping cart."""

from shop.money import rounded


class Cart:
    """Lines of (unit price, quantity)."""

    def __init__(self):
        self.lines = []

    def add(self, price, quantity=1):
        self.lines.append((price, quantity))

    def total(self):
        return rounded(sum(price * quantity for price, quantity in self.lines))
'''
MONEY = '''"""Amounts of money."""


def rounded(amount):
    """To whole cents, half up."""
    return int(amount * 100 + 0.5) / 100
'''
TESTS = """from shop.cart import Cart


def test_total():
    cart = Cart()
    cart.add(1.5, 3)
    assert cart.total() == 4.5
"""
FILES: Mapping[str, str] = {
    "shop/__init__.py": "",
    "shop/cart.py": CART,
    "shop/money.py": MONEY,
    "tests/test_cart.py": TESTS,
}

BULK_TESTS = """import pytest


@pytest.mark.parametrize(
    ("quantity", "factor"), [(1, 1.0), (9, 1.0), (10, 0.95), (99, 0.95), (100, 0.9), (5000, 0.9)]
)
def test_bulk_factor(quantity, factor):
    from shop.discounts import bulk_factor

    assert bulk_factor(quantity) == factor
"""
WIRING_TESTS = """def test_bulk_orders_are_cheaper():
    from shop.cart import Cart

    cart = Cart()
    cart.add(2, 10)
    assert cart.total() == 19.0
"""
PLAN = {
    "steps": [
        {
            "id": "s1",
            "kind": "function",
            "goal": "the factor for a quantity",
            "target": "shop/discounts.py::bulk_factor",
            "statement": "`bulk_factor(quantity: int) -> float`: 1.0 below 10 pieces, 0.95 from 10, 0.9 from 100.",
            "check": {"tests": BULK_TESTS},
        },
        {
            "id": "s2",
            "kind": "edit",
            "goal": "the cart uses it",
            "files": ["shop/cart.py"],
            "statement": "`Cart.total` multiplies each line by `shop.discounts.bulk_factor(quantity)`.",
            "check": {"tests": WIRING_TESTS},
            "needs": ["s1"],
        },
        {
            "id": "s3",
            "kind": "knowledge",
            "goal": "where prices are rounded",
            "files": ["shop/money.py"],
            "statement": "Where are prices rounded, and how?",
        },
    ]
}
WRONG = "Thresholds:\n```python\ndef bulk_factor(quantity):\n    return 0.95 if quantity > 10 else 1.0\n```\n"
RIGHT = """```python
def bulk_factor(quantity: int) -> float:
    if quantity >= 100:
        return 0.9
    return 0.95 if quantity >= 10 else 1.0
```
"""
EDIT = """shop/cart.py
<<<<<<< SEARCH
from shop.money import rounded
=======
from shop.discounts import bulk_factor
from shop.money import rounded
>>>>>>> REPLACE

shop/cart.py
<<<<<<< SEARCH
        return rounded(sum(price * quantity for price, quantity in self.lines))
=======
        return rounded(sum(price * quantity * bulk_factor(quantity) for price, quantity in self.lines))
>>>>>>> REPLACE
"""
ANSWER = "Prices are rounded to whole cents, half up, in `rounded` (shop/money.py:4-6); the cart calls it (shop/cart.py:16)."


def story(ask: Ask) -> Reply:
    """What each mind says. Depends on the question alone, so that a call made again gets the same answer."""
    if ask.model == SPECIALIST:
        cut = Reply(thinking="hmm, " * 30, finish_reason="length")
        return Reply(choices=(Reply(WRONG, thinking="ten is many"), cut), usage=Usage(300, 90, thinking=60))
    if ask.tools:
        return _planner(ask)
    if "Change files of a repository" in ask.text:
        return Reply(EDIT, usage=Usage(700, 120))
    if "Answer a question about a repository" in ask.text:
        return Reply(ANSWER, usage=Usage(900, 40))
    return Reply(RIGHT, usage=Usage(400, 50))


def _planner(ask: Ask) -> Reply:
    turns = sum(message["role"] == "assistant" for message in ask.messages)
    if turns == 0:
        calls = (ToolCall("read", {"path": "shop/cart.py"}), ToolCall("read", {"path": "shop/money.py"}))
        return Reply(tool_calls=calls, usage=Usage(1500, 30))
    return Reply(tool_calls=(ToolCall("submit_plan", json.dumps(PLAN)),), usage=Usage(2000, 400, cached=1500))


CALLS = 6
"""Two of gathering, one of the specialist for two samples, one each of taking over, editing and answering."""
PLANNER_TOKENS = 1530 + 2400 + 450 + 820 + 940
SPECIALIST_TOKENS = 390
ENVIRON = {
    "SOLOIST_TRIES_SAMPLES": "2",
    "SOLOIST_TRIES_FIRST_BATCH": "2",
    "SOLOIST_TRIES_REPAIRS": "0",
    "SOLOIST_TRIES_ROUNDS": "1",
}
