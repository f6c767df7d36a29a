"""The final answer: what stands after the last thinking trace."""

import re

from soloist_agents.extract.looping import ends_in_a_loop
from soloist_agents.models.contract import Completion

_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_LITERAL = re.compile(r"\"[^\"\n]*\"|(?<!\w)'[^'\n]*'|`[^`\n]*`")
_SPECIAL = re.compile(r"(?:<\|(?:im_end|endoftext|eot_id|end)\|>|</s>|\s)+\Z")


def final_answer(text: str) -> str | None:
    """The text after the last `</think>`, or all of it where nothing was thought aloud.

    None when a trace was opened and never closed, when nothing follows it, and when the text ends in a repetition. A tag that
    is quoted, as in a program about such tags, opens and closes nothing.
    """
    tags = _tags(text)
    if tags and not tags[-1][0]:
        return None
    answer = text[tags[-1][1] :] if tags else text
    answer = answer.strip("\r\n")
    answer = answer[: _start_of_special_tokens(answer)]
    return None if not answer.strip() or ends_in_a_loop(answer) else answer


def answer_of(completion: Completion) -> str | None:
    """The final answer of one choice; None where it was cut, filtered or stopped in a loop, or is only a call of a tool."""
    if completion.finish not in ("stop", "tool_calls") or not completion.thought:
        return None
    return final_answer(completion.content)


def _tags(text: str) -> list[tuple[bool, int]]:
    """(is it a closing tag, where it ends), in order; quoted ones only where nothing else closes what was opened."""
    found = [(match[1] == "/", match.end(), match.start()) for match in _TAG.finditer(text)]
    if not found:
        return []
    plain = [(closing, end) for closing, end, start in found if not _quoted(text, start)]
    if any(not closing for closing, _ in plain) and not any(closing for closing, _ in plain):
        plain += [(True, end) for closing, end, _ in found if closing and end > plain[-1][1]]
    return plain


def _quoted(text: str, at: int) -> bool:
    """Does the place stand inside a string literal or between backticks of its own line? Long lines are looked at nearby only."""
    start = max(text.rfind("\n", 0, at) + 1, at - 200)
    end = text.find("\n", at, at + 200)
    return any(
        match.start() < at - start < match.end() for match in _LITERAL.finditer(text[start : end if end >= 0 else at + 200])
    )


def _start_of_special_tokens(answer: str) -> int:
    tail = max(0, len(answer) - 200)
    match = _SPECIAL.search(answer, tail)
    return match.start() if match and "<" in match[0] else len(answer)
