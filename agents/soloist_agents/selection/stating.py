r"""The claims that a sample states beside its answer, as small models write them.

Asked for are lines `Claim 1: …` to `Claim 5: …` above the final answer. Read are also bold and LaTeX forms, headings, claims of
several lines, several on a line and, where no line names a claim, the list below a heading that speaks of claims. Those that say
nothing but arithmetic can be settled without asking anybody.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Literal

from soloist_agents.extract import final_answer
from soloist_agents.extract.boxed import cleaned, is_placeholder
from soloist_agents.selection.ballot import Claim, Truth
from soloist_agents.selection.claims import equations
from soloist_agents.selection.weights import CLR_CLAIMS

LONGEST = 600
"""Characters of one claim; the rest is cut off."""
MOST_TEXT = 20_000
"""Characters that are read, the last ones."""

_COLON = r"[:\uff1a]"
_LEAD = (
    r"[ \t>#*_`$+•|-]{0,12}(?:\\item[ \t]{0,4})?\[?(?:\(?\d{1,2}[.)][ \t*_]{0,6})?"
    r"(?:\\(?:textbf|textit|text|underline|emph)\{)?[*_]{0,3}"
)
"""What may stand before the word: marks of lists, quotes and headings."""
_NAMED = re.compile(
    rf"^{_LEAD}claim[ \t]{{0,4}}"
    rf"(?:(?:\#|no\.)?[ \t]?\(?(?P<number>\d{{1,2}})\)?[ \t*_`}}\]]{{0,6}}(?:{_COLON}|[.)\u2013\u2014-]|(?=\()|$)|{_COLON})"
    r"[*_`}\]:]{0,4}(?P<text>.*)$",
    re.IGNORECASE,
)
_SAME_LINE = re.compile(
    rf"(?<=[.;|!?)$*])[ \t]{{1,8}}(?=[*_]{{0,3}}claim[ \t]{{1,4}}\d{{1,2}}[ \t]?[*_]{{0,3}}{_COLON})", re.IGNORECASE
)
_TITLE = re.compile(r"^(?=.{1,90}$)[ \t>#*_]{0,12}[^.!?]{0,50}\bclaims\b[^.!?]{0,50}$", re.IGNORECASE)
_MARKED = re.compile(r"^\s*[#*_>]|[:*_]\s*$|^\W*claims\W*$", re.IGNORECASE)
"""What tells a title from a sentence that goes on."""
_NUMBERED = re.compile(r"^[ \t>*_]{0,8}\(?(?P<number>\d{1,2})[.)](?!\d)[*_]{0,3}[ \t]*(?P<text>.*)$")
_BULLETED = re.compile(r"^[ \t>]{0,4}(?:[-*+•]|\\item)[ \t]+(?P<text>.*)$")
_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])")
_SENTENCE = re.compile(r"[.!?;](?=\s)")
_OVER = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]|`{3}|~{3}|(?:[-*_=][ \t]?){3,}$|\\(?:end|begin|section|subsection)\b|</?\w+>|[ \t*_]{0,6}"
    r"(?:(?:so|thus|hence|therefore|finally)\b,?[ \t]*)?(?:the\s+)?(?:final\s+)?(?:answer|conclusion)\b[ \t*_]*(?::|is\b|$))",
    re.IGNORECASE,
)
"""A line that ends what stands above it."""
_DISPLAYED = re.compile(r"^\s*(?:\$\$|\\\[)")
_NOTHING = re.compile(r"\W*(?:n/?a|none|nothing|empty|(?:same )?as above)?\W*|[<\[][^<>\[\]\d=]{0,80}[>\]]\W*", re.IGNORECASE)


_PLAIN = re.compile(
    r"(?:[\w\s+*/\u00d7\u00b7\u00f7\u2212=≈().,:;'\"$%^&{}-]"
    r"|\\(?:(?:times|cdot|div|[dt]?frac|text|left|right|approx|quad)(?![a-z])|[,;!:()\[\]$%\\]))*"
)
"""What arithmetic and prose are written with: no roots, bars, dots, factorials."""
_NOT_PLAIN = re.compile(
    r"\.\.|_|\b(?:\d*x|not|no|never|nor|cannot|false|wrong\w*|incorrect\w*|mistak\w*|contradict\w*|suppos\w*|assum\w*|if|unless|would|were"
    r"|should|instead|rather|than|claims?|remainder|digits?|defin\w*|sqrt|roots?|squared?|cubed?|logs?|ln|exp|sin|cos|tan|twice"
    r"|half|halves|double\w*|triple\w*|thirds?|quarters?|minus|plus|times|less|more|choose|factorial|dozens?|gross|score"
    r"|hundreds?|thousands?|[mb]illions?|pairs?|percent|hours?|minutes?|seconds?|days?|weeks?|fortnights?|months?|years?|decades?"
    r"|miles?|feet|foot|inch\w*|yards?|[kcm]?m|\w*met(?:er|re)s?|cents?|dollars?|pounds?|ounces?|k?g|\w*grams?|\w*lit(?:er|re)s?"
    r"|gallons?|quarts?|pints?|cups?|degrees?|about|approximately|nearly|almost|round\w*)\b",
    re.IGNORECASE,
)
"""What makes an equation say something else: it is denied or supposed, or a number in it is not what it seems."""
_OTHER_RULES = re.compile(
    r"\b(?:mod\w*|congruen\w*|base|binary|octal|hexadecimal|operat(?:ions?|ors?)|clock|xor)\b", re.IGNORECASE
)
"""Numbers may not be added here as they are elsewhere."""
_WORDS = re.compile(r"(?<!\\)(?<![^\W\d_])[^\W\d_]+")
_FILLERS = {
    "so",
    "thus",
    "hence",
    "then",
    "therefore",
    "and",
    "also",
    "we",
    "have",
    "get",
    "that",
    "it",
    "is",
    "indeed",
    "of",
    "note",
}


def stated_claims(text: str) -> tuple[Claim, ...]:
    """The first five claims of a sample's text, in its order, each once; kind "stated", verdict "unknown".

    Never anything of a thinking trace, the boxed answer, or what only marks the place of a claim. Where the claims are
    numbered more than once, the fullest numbering counts.
    """
    answer = final_answer(text)
    if answer is None:
        return ()
    lines = _SAME_LINE.sub(_broken, answer[-MOST_TEXT:]).splitlines()
    found = list(dict.fromkeys(_named(lines) or _listed(lines) or _five_numbered(lines)))
    return tuple(Claim(text=claim) for claim in found[:CLR_CLAIMS])


def _broken(match: re.Match[str]) -> str:
    """A line break, unless only the number of a list stands before the claim."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return "\n" if re.search(r"[^\W\d]", line) else match[0]


def _named(lines: Sequence[str]) -> list[str]:
    """The texts behind `Claim 1:`, `Claim 2:`…; another "Claim 1" begins anew, unless all are called so."""
    runs: list[list[str]] = [[]]
    last = 0
    for at, line in enumerate(lines):
        match = _NAMED.match(line)
        if match is None:
            continue
        number = int(match["number"] or last + 1)
        if number == 1 and runs[-1]:
            runs.append([])
        last = number
        claim = _whole(match["text"], lines[at + 1 :], _NAMED)
        if claim is not None and claim not in runs[-1]:
            runs[-1].append(claim)
    fullest = max(runs, key=lambda run: min(len(run), CLR_CLAIMS))
    return fullest if len(fullest) > 1 else [claim for run in runs for claim in run]


def _listed(lines: Sequence[str]) -> list[str]:
    """The items of the list below the last heading that speaks of claims and has one."""
    titles = [at for at, line in enumerate(lines) if _TITLE.match(line) and _MARKED.search(line)]
    return next((found for at in reversed(titles) if (found := list(_items(lines[at + 1 :])))), [])


def _five_numbered(lines: Sequence[str]) -> list[str]:
    """The last numbered lines without any heading, where they are just as many as were asked for and one line each."""
    first = max((at for at, line in enumerate(lines) if (match := _NUMBERED.match(line)) and match["number"] == "1"), default=0)
    rows = [line for line in takewhile(lambda line: not _ends(line), lines[first:]) if line.strip()]
    claims = [_bare(match["text"]) for line in rows if (match := _NUMBERED.match(line))]
    return [claim for claim in claims if claim] if len(claims) == len(rows) == CLR_CLAIMS else []


def _items(lines: Sequence[str]) -> Iterator[str]:
    item: re.Pattern[str] | None = None
    blank = False
    for at, line in enumerate(lines):
        item = item or next((form for form in (_NUMBERED, _BULLETED) if form.match(line)), None)
        match = item.match(line) if item else None
        if match is not None and item is not None:
            claim = _whole(match["text"], lines[at + 1 :], item)
            if claim is not None:
                yield claim
        elif _ends(line) or (blank and line.strip() and not _DISPLAYED.match(line) and not line.rstrip(" *_").endswith(":")):
            return
        blank = not line.strip()


def _whole(first: str, below: Sequence[str], another: re.Pattern[str]) -> str | None:
    """A claim with the lines that belong to it: up to a blank line, unless nothing or a displayed formula stands around it."""
    pieces = [first]
    for at, line in enumerate(below):
        if _ends(line) or another.match(line) or sum(map(len, pieces)) > LONGEST:
            break
        following = next((later for later in below[at + 1 : at + 3] if later.strip()), "")
        if not line.strip() and _bare("".join(pieces)) and not _DISPLAYED.match(following):
            break
        pieces.append(line.strip())
    return _bare(" ".join((_unboxed(first), *pieces[1:])))


def _ends(line: str) -> bool:
    return _OVER.match(line) is not None or _BOX.search(line) is not None


def _unboxed(text: str) -> str:
    """What stands before the sentence with the box."""
    box = _BOX.search(text)
    if box is None:
        return text
    ends = [match.end() for match in _SENTENCE.finditer(text, 0, box.start())]
    return text[: ends[-1]] if ends else ""


def _bare(text: str) -> str | None:
    """The claim without marks around it, on one line; None where nothing is claimed."""
    text = re.sub(r"(?:\\\\|\\end\{\w+\}|\\item)\s*$", "", " ".join(text.split())).strip(" |")
    for mark in ("**", "__", "*", "`"):
        if text.count(mark) == 2 and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)].strip()
        elif text.count(mark) % 2:  # opened before the claim's number
            text = text.removesuffix(mark).rstrip()
    if text.endswith("}") and text.count("}") > text.count("{"):
        text = text[:-1].rstrip()
    empty = _NOTHING.fullmatch(text) or is_placeholder(cleaned(text.strip("<>[](){} ")))
    return None if empty else text[:LONGEST].rstrip()


def executed(claim: Claim, problem: str) -> Claim:
    """The claim settled by exact arithmetic; as it is where that says nothing certain.

    False: it asserts an equation between plain numbers that does not hold. True: it says nothing but equations that do.
    """
    text = claim.text
    found = equations(text) if claim.verdict == "unknown" else ()
    if not found or not _PLAIN.fullmatch(text) or _NOT_PLAIN.search(text) or _OTHER_RULES.search(f"{problem}\n{text}"):
        return claim
    if any(one.verdict == "false" and one.left.units <= one.right.units for one in found):
        return settled(claim, "false", by="execution")
    holds = text.count("=") == len(found) and all(one.verdict == "true" for one in found)
    says_no_more = {word.lower() for word in _WORDS.findall(text)} <= _FILLERS
    return settled(claim, "true", by="execution") if holds and says_no_more else claim


def settled(claim: Claim, verdict: Truth, by: Literal["verifier", "execution"]) -> Claim:
    """The claim with its verdict and who gave it; as it is where the verdict is "unknown"."""
    return claim if verdict == "unknown" else claim.model_copy(update={"verdict": verdict, "by": by})
