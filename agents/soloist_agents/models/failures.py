"""What goes wrong between us and a server, told in one clear line without any secret.

ModelUnavailable
└── RequestRefused       this very request (400, 413, 422): asking again, or elsewhere, is no use
    ├── NotServed        it asks for something that the server does not do, such as a JSON schema
    └── ContextExceeded  it is longer than the model's context
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from soloist_agents.models.contract import ModelError, ModelUnavailable

LONGEST = 300
"""Characters of a server's own words in an error."""
FLEETING = frozenset({408, 409, 425, 429})
TOO_LONG = re.compile(
    r"context.?(length|size|window)|too (long|many tokens)|maximum.{0,20}tokens|exceed.{0,30}tokens", re.IGNORECASE
)

Redact = Callable[[str], str]


class RequestRefused(ModelUnavailable):
    """The server refuses this very request; another call with other contents may do."""


class NotServed(RequestRefused):
    """The request asks for something that this server does not do."""


class ContextExceeded(RequestRefused):
    """Messages and answer do not fit the model's context: shorten them."""


@dataclass(frozen=True)
class Failure:
    """Why one attempt has failed."""

    error: ModelError
    again: bool = True
    """Another attempt may do better."""
    wait: float = 0.0
    """Seconds that the server asks to be left alone."""
    status: int = 0
    words: str = ""
    """What the server said, one line."""


class AttemptFailed(Exception):
    """One attempt is over. Never leaves this package: what is raised in the end is the failure's error."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure.error))
        self.failure = failure


def redactor(secrets: Iterable[str]) -> Redact:
    """A function that takes secrets, and all line breaks, out of a text and shortens it."""
    known = sorted((secret for secret in secrets if len(secret) > 3), key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "[key]")
        text = " ".join(text[: 4 * LONGEST].split())
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"

    return redact


def fleeting(status: int) -> bool:
    """May a later attempt get another status?"""
    return status in FLEETING or status >= 500


def retry_after(value: str | None, milliseconds: str | None = None, now: datetime | None = None) -> float:
    """Seconds from `Retry-After` (a number, or an HTTP date) or `retry-after-ms`. 0 where there is none that makes sense."""
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if not value:
            return 0.0
        if re.fullmatch(r"\s*\d+(\.\d*)?\s*", value):
            return float(value)
        when = parsedate_to_datetime(value)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError):
        return 0.0
