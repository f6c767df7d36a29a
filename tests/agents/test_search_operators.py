"""Every operator of the search's table, shown on a small function."""

import pytest
from soloist_agents.search.change import apply
from soloist_agents.search.ranking import rank
from soloist_agents.search.table import TABLE
from soloist_agents.search.target import find

LOOP = "def f(xs, k):\n    n = 0\n    out = []\n    for x in xs:\n        if x < k:\n            n += x\n    return n\n"
PAIR = "def f(a, b):\n    return a == b\n"
CHECK = "def f(a, b):\n    if a > 0 and b:\n        return a\n    return b\n"
TWO_CALLS = "def f(xs, ys):\n    a = min(xs, ys)\n    b = xs.append(a)\n    return a\n"
POINT = "class C:\n    def f(self, node, left):\n        self.left = left\n        return node.left + node.right\n"
FLAGS = "def f(xs):\n    odd = 0\n    even = 0\n    for x in xs:\n        if x % 2:\n            odd += 1\n    return odd, even\n"

CASES = [
    ("boundary", LOOP, "x < k", "x <= k"),
    ("inverse comparison", PAIR, "==", "!="),
    ("other comparison", LOOP, "x < k", "x > k"),
    ("kind of comparison", PAIR, "==", "is"),
    ("both sides wrapped", PAIR, "a == b", "set(a) == set(b)"),
    ("first character", "def f(s):\n    return s[0] == '.'\n", "s[0] == '.'", "s.startswith('.')"),
    ("arithmetic sign", "def f(a, b):\n    return a + b\n", "a + b", "a - b"),
    ("augmented sign", LOOP, "n += x", "n -= x"),
    ("augmented or plain", LOOP, "n += x", "n = x"),
    ("operand order", "def f(a, b):\n    return a - b\n", "a - b", "b - a"),
    ("regrouping", "def f(a, b):\n    return a - b // 2\n", "a - b // 2", "a // 2 - b"),
    ("operand dropped", "def f(a, b):\n    return a + b + 1\n", "a + b + 1", "a + b"),
    ("off by one", "def f(n):\n    return sum(range(n))\n", "range(n)", "range(n + 1)"),
    ("sign change", "def f(n):\n    return -n\n", "-n", "n"),
    ("and/or", CHECK, "and", "or"),
    ("negation", "def f(a):\n    if a:\n        return 1\n    return 2\n", "if a", "if not a"),
    ("condition dropped", CHECK, "a > 0 and b", "a > 0"),
    ("condition order", "def f(a, b):\n    return a.x and b.y\n", "a.x and b.y", "b.y and a.x"),
    ("seen condition joined", LOOP.replace("return n", "while k: n -= 1\n    return n"), "x < k", "x < k and k"),
    ("new condition joined", CHECK.replace("a > 0 and b", "b"), "if b", "if b and a > 0"),
    ("condition guarded", "def f(a):\n    if a.b is None:\n        return 1\n", "a.b is None", "a is None or a.b is None"),
    ("none or empty", "def f(a):\n    if a:\n        return 1\n", "if a", "if a is not None"),
    ("constant condition", "def f(a):\n    if a:\n        return 1\n", "if a", "if True"),
    (
        "endless loop ends",
        "def f(t, i):\n    while True:\n        t[i] = t[i + 1]\n        i += 1\n",
        "while True",
        "while i + 1 < len(t)",
    ),
    ("other name", "def f(lo, hi):\n    mid = lo + lo\n    return mid\n", "lo + lo", "lo + hi"),
    ("other target", FLAGS, "odd += 1", "even += 1"),
    ("module name", "LIMIT = 3\ndef f(n):\n    m = LIMIT\n    return n\n", "return n", "return LIMIT"),
    ("name to expression", "def f(xs, mean):\n    n = len(xs)\n    return n / mean\n", "/ mean", "/ len(xs)"),
    ("other attribute", POINT, "+ node.right", "+ node.left"),
    ("own attribute", POINT, "= left", "= self.left"),
    ("attribute dropped", "def f(a):\n    return a.b\n", "a.b", "a"),
    ("attribute added", "def f(a):\n    b = a.size\n    return a\n", "return a", "return a.size"),
    ("kin function", TWO_CALLS, "min", "max"),
    ("kin passed", "def f(xs):\n    return map(int, xs)\n", "int", "float"),
    ("other function", "def g(x): ...\ndef h(x): ...\ndef f(x):\n    return g(x)\n", "return g", "return h"),
    ("arguments swapped", TWO_CALLS, "xs, ys)\n    b", "ys, xs)\n    b"),
    ("argument dropped", TWO_CALLS, "min(xs, ys)", "min(xs)"),
    ("argument added", "def f(a, b):\n    return min(a)\n", "min(a)", "min(a, b)"),
    ("keyword added", "def f(a, first):\n    return f(a)\n", "return f(a)", "return f(a, first=first)"),
    ("argument replaced", "def f(a):\n    b = len(a)\n    return abs(a[0])\n", "abs(a[0])", "abs(len(a))"),
    ("arguments replaced", "def f(xs, n):\n    best = n\n    best = max(xs)\n    return best\n", "max(xs)", "max(best, n)"),
    ("receiver and argument", "def f(a, b):\n    return a.join(b)\n", "a.join(b)", "b.join(a)"),
    ("call added", "def f(a, b):\n    return a - b\n", "a - b", "abs(a - b)"),
    (
        "wrapped everywhere",
        "def f(t):\n    return t.v == 'A' or t.v == 'B'\n",
        "t.v == 'A' or t.v",
        "t.v.upper() == 'A' or t.v.upper()",
    ),
    ("bound added", "def f(a, b):\n    return a - b\n", "a - b", "max(a - b, 0)"),
    ("call dropped", "def f(a):\n    return sorted(a)\n", "sorted(a)", "a"),
    ("method added", "def f(s):\n    return set(s)\n", "set(s)", "set(s.lower())"),
    ("method dropped", "def f(s):\n    return s.lower()\n", "s.lower()", "s"),
    ("sorting added", "def f(s):\n    return s\n", "return s", "return sorted(s, reverse=True)"),
    ("literal to call", "def f(s):\n    yield [s]\n", "[s]", "list(s)"),
    ("literal added", "def f(s):\n    return []\n", "[]", "[[]]"),
    ("await", "async def f(g):\n    return g()\n", "g()\n", "await g()\n"),
    ("slice added", "def f(xs, i):\n    for x in xs:\n        i = xs[i]\n", "in xs", "in xs[i:]"),
    ("index added", "def f(xs):\n    return xs\n", "return xs", "return xs[0]"),
    ("subscript dropped", "def f(xs):\n    return xs[0]\n", "xs[0]", "xs"),
    ("item to total", "def f(xs):\n    return xs[-1]\n", "xs[-1]", "sum(xs)"),
    ("slice bounds", "def f(xs, i):\n    return xs[:i]\n", "[:i]", "[i:]"),
    ("index changed", "def f(xs):\n    return xs[0]\n", "xs[0]", "xs[-1]"),
    ("subscripts swapped", "def f(d, i, j):\n    return d[i, j]\n", "[i, j]", "[j, i]"),
    ("subscripts swapped", "def f(d, i, j):\n    return d[i][j]\n", "[i][j]", "[j][i]"),
    ("elements swapped", "def f(a, b):\n    return [a, b]\n", "[a, b]", "[b, a]"),
    ("element dropped", "def f(a):\n    return ['x', 'y', 'z']\n", ", 'y'", ""),
    ("element added", "def f(a, b):\n    return [a]\n", "[a]", "[a, b]"),
    ("store to append", "def f(a, b):\n    a[0] = b\n", "a[0] = b", "a.append(b)"),
    ("next number", "def f(a):\n    return a * 3\n", "3", "4"),
    ("usual number", "def f(a):\n    return a / 0.5\n", "0.5", "2.0"),
    ("seen number", "def f(a):\n    if a > 26:\n        return a % 24\n", "24", "26"),
    ("number to name", "def f(a, n):\n    return a + 1\n", "a + 1", "a + n"),
    ("name to number", "def f(a, n):\n    return min(a, n)\n", "min(a, n)", "min(a, 0)"),
    ("truth value", "def f():\n    return False\n", "False", "True"),
    ("start value", "def f(xs):\n    best = 0\n    return max(best, *xs)\n", "best = 0", "best = float('-inf')"),
    ("default value", "def f(a, b=[]):\n    return b\n", "b=[]", "b=None"),
    (
        "constant everywhere",
        "def f(a):\n    if a:\n        return ' '\n    return ' '\n",
        "' '\n    return ' '",
        "''\n    return ''",
    ),
    ("blanks", "def f(a):\n    return ' '.join(a)\n", "' '", "''"),
    ("letters", "def f(a):\n    return a == '<'\n", "'<'", "'>'"),
    ("case", "def f(a):\n    return a == 'As'\n", "'As'", "'AS'"),
    ("seen string", "def f(a):\n    return a['left'] + a['right'] + a['left']\n", "'right'", "'left'"),
    ("string to name", "def f(text):\n    return len('text')\n", "'text'", "text"),
    ("pattern", "import re\ndef f(s):\n    return re.match(r'(\\d)$', s)\n", r"\d", r"\d+"),
    ("usual value returned", "def f(a):\n    return a\n", "return a", "return None"),
    ("seen value returned", "def f(a):\n    b = a + 1\n    return a\n", "return a", "return b"),
    ("value returned", "def f(a):\n    return\n", "return", "return a"),
    ("generator", "def f(a):\n    yield a\n", "yield", "yield from"),
    ("jump", "def f(a):\n    for x in a:\n        break\n", "break", "continue"),
    ("return or go on", "def f(a):\n    f(a)\n", "    f(a)", "    return f(a)"),
    ("error raised", "def f(a):\n    raise KeyError(a)\n", "KeyError", "ValueError"),
    (
        "error caught",
        "def f(a):\n    try:\n        a()\n    except KeyError:\n        pass\n",
        "except KeyError",
        "except (KeyError, IndexError)",
    ),
    ("value guarded", "def f(a):\n    return 1 / a\n", "1 / a", "1 / a if a != 0 else 0"),
    ("default added", "def f(a):\n    return list(a)\n", "list(a)", "list(a or [])"),
    ("default for none only", "def f(a, b):\n    return a or b\n", "a or b", "b if a is None else a"),
    ("branches swapped", "def f(a, b):\n    return a if b else 0\n", "a if b else 0", "0 if b else a"),
    ("branch taken", "def f(a, b):\n    return a if b else 0\n", "a if b else 0", "a"),
    ("elif or if", "def f(a):\n    if a:\n        a = 1\n    if a > 1:\n        a = 2\n", "    if a > 1", "    elif a > 1"),
    (
        "else dropped",
        "def f(a):\n    if a:\n        a = 1\n    else:\n        a = 2\n",
        "    else:\n        a = 2\n",
        "    a = 2\n",
    ),
    ("condition pulled out", "def f(a):\n    if a:\n        a = 1\n    return a\n", "    if a:\n        a = 1\n", "    a = 1\n"),
    (
        "returns swapped",
        "def f(a):\n    if a:\n        return True\n    return False\n",
        "True\n    return False",
        "False\n    return True",
    ),
    ("statement dropped", LOOP, "            n += x\n", "            pass\n"),
    ("statements swapped", "def f(a):\n    a.x()\n    a.y()\n", "    a.x()\n    a.y()\n", "    a.y()\n    a.x()\n"),
    ("moved out of block", "def f(a):\n    for x in a:\n        x()\n        return a\n", "        return a", "    return a"),
    ("moved into block", "def f(a):\n    for x in a:\n        x()\n    a()\n    return a\n", "    a()\n", "        a()\n"),
    (
        "statement repeated",
        "def f(a):\n    if a:\n        a.close()\n    return 1\n",
        "    return 1",
        "    a.close()\n    return 1",
    ),
    (
        "statement repeated with other name",
        "def f(a, b):\n    a.close()\n    return 1\n",
        "    return 1",
        "    b.close()\n    return 1",
    ),
    ("collection grown", LOOP, "            n += x\n", "            n += x\n            out.append(x)\n"),
    (
        "assignment added",
        "def f(a):\n    last = None\n    for x in a:\n        x(last)\n",
        "x(last)\n",
        "x(last)\n        last = x\n",
    ),
    ("counter moved", FLAGS, "        if", "        even += 1\n        if"),
    ("name made ready", "def f(a):\n    return a.x\n", "    return", "    a = list(a)\n    return"),
    (
        "early return",
        "def f(a):\n    b = a[0]\n    return b\n",
        "    b = a[0]",
        "    if not a:\n        return None\n    b = a[0]",
    ),
    ("early error", "def f(a):\n    return a\n", "    return", "    if a < 0:\n        raise ValueError\n    return"),
    (
        "loop skipped",
        "def f(a):\n    for x in a:\n        print(x.y)\n",
        "        print",
        "        if x is None:\n            continue\n        print",
    ),
    ("statement under condition", "def f(a, b):\n    b()\n    return a\n", "    b()", "    if a is not None:\n        b()"),
    (
        "conditional update",
        "def f(a):\n    n = 0\n    return n\n",
        "    return n",
        "    if a is None:\n        n = 0\n    return n",
    ),
    ("else by analogy", FLAGS, "odd += 1\n", "odd += 1\n        else:\n            even += 1\n"),
    (
        "failure caught",
        "def f(a):\n    while a:\n        a = a()\n",
        "        a = a()\n",
        "        try:\n            a = a()\n        except StopIteration:\n            break\n",
    ),
    ("expression replaced", "def f(a, b):\n    c = b[0]\n    d = a[0]\n    return d\n", "d = a[0]", "d = b[0]"),
    ("negative of a name", "def f(a):\n    best = min(a)\n    worst = max(a)\n    return worst\n", "= max(a)", "= -best"),
    ("condition replaced", "def f(a):\n    if a < 1:\n        a = 1\n    while a:\n        a -= 1\n", "while a", "while a < 1"),
]


def outcomes(source: str, operator: str) -> set[str]:
    name = "C.f" if source.startswith("class") else "f"
    target = find(source, "m.py", name)
    return {apply(target.text, edit.splices) for edit in rank(target, {}) if edit.operator == operator}


@pytest.mark.parametrize(("operator", "source", "old", "new"), CASES, ids=[case[0] for case in CASES])
def test_operator_makes_its_edit(operator: str, source: str, old: str, new: str) -> None:
    """An operator's edit is among its changes, and nothing else of the function differs."""
    text = find(source, "m.py", "C.f" if source.startswith("class") else "f").text
    at = text.rindex(old) if old in ("return a", "return f(a)", "    return", "= left") else text.index(old)
    assert text[:at] + new + text[at + len(old) :] in outcomes(source, operator)


def test_every_operator_is_shown() -> None:
    """No operator is in the table without an example here, and none is named twice."""
    names = [operator.name for operator in TABLE]
    assert len(set(names)) == len(names)
    assert set(names) == {case[0] for case in CASES}


def test_every_operator_says_what_it_does() -> None:
    """The table can be read: each operator has a description and a positive prior."""
    assert [operator.name for operator in TABLE if not operator.does or operator.prior <= 0] == []
