"""CLR's model calls: the model that stated the claims tries to refute or confirm each of them.

What can be executed is executed and not asked. All other claims get one call each, side by side; equal claims about one problem
share it. A verdict that can't be had leaves its claim "unknown", which counts nothing; that none can be had any more is told.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import cast

from soloist_agents.contract import Candidate, NearMiss, NoAnswer, Pace, Specialist, Step
from soloist_agents.extract import final_answer
from soloist_agents.models.contract import (
    BudgetSpent,
    Completion,
    Message,
    Model,
    ModelError,
    ModelUnavailable,
    Request,
)
from soloist_agents.models.failures import RequestRefused
from soloist_agents.models.ledger import Metered
from soloist_agents.presets import Preset
from soloist_agents.prompts import render
from soloist_agents.selection.ballot import Claim, Truth
from soloist_agents.selection.stating import executed, settled
from soloist_agents.selection.weights import CLR_CLAIMS

Told = Candidate | NoAnswer
AT_ONCE = 8
"""Candidates of one step whose claims are looked at side by side."""
KEPT = 4_096
"""Verdicts that are remembered."""

_DECORATION = re.compile(r"\\(?:boxed|fbox|text\w*|math\w+|[\[\]()])|[^\w.,:?'=\\-]+|_+")
_EDGE = re.compile(r"^[^\w?]+|[^\w?]+$")
_ALONE = re.compile(
    r"(?:(?:my )?(?:final |last )?(?:verdict|answer|conclusion|result|line)(?: is)? ?[:=-]* ?)?"
    r"(?:(?:so|thus|hence|therefore),? )?(?:(?:the|this) claim(?: \d)? is )?(?P<word>(?:in)?valid)",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"\b(?:is|thus|hence|therefore|so|[\w)]\.)\W+(?P<word>(?:IN)?VALID)\Z")
_WORD = re.compile(r"\b(?:IN)?VALID\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|no|never|neither|nor|cannot|if|unless|would|could|whether)\b|n't\b", re.IGNORECASE)
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|\u201c[^\u201d]*\u201d|(?<!\w)'[^']*'(?!\w)")

_SPECIAL = re.compile(r"<(\|[^|<>\s]{1,40}\||/?think)>")
"""Tokens that a chat template gives a meaning."""


def read_verdict(text: str) -> Truth:
    """What the last line of a verifier's answer says: VALID is "true", INVALID "false".

    The word stands alone, marked or boxed or behind "Verdict:", or ends a sentence in capitals. "unknown" where both words or
    neither stand there, where the line denies, supposes or quotes the word, and where a thinking trace was never closed.
    """
    answer = final_answer(text) or ""
    last = next((line for line in reversed(answer.splitlines()) if re.search(r"\w", line)), "")
    if last.lstrip().startswith(">"):
        return "unknown"
    if alone := _ALONE.fullmatch(_undecorated(last)):
        return _truth(alone["word"])
    said = _undecorated(_QUOTED.sub(" ", last))
    word = _LAST_WORD.search(said)
    return _truth(word["word"]) if word and len(_WORD.findall(last)) == 1 and not _DENIED.search(said) else "unknown"


def _undecorated(line: str) -> str:
    return _EDGE.sub("", _DECORATION.sub(" ", line))


def _truth(word: str) -> Truth:
    return "true" if word.upper() == "VALID" else "false"


@dataclass
class _Call:
    """One call under way, and how many wait for it: when the last has gone, it ends."""

    task: "asyncio.Task[Truth]"
    waiting: int = 0


class ClaimVerifier:
    """Asks a model about claims. Remembers what it has asked."""

    def __init__(self, model: Model, preset: Preset, seconds: float, role: str = "specialist") -> None:
        """`model`: as the specialist has it, its calls are counted here. `seconds`: deadline of one call. `role`: for the
        ledger, whose caps and reports know "specialist"."""
        self._model = Metered(model)
        self._seconds = seconds
        self._role = role
        self._sampling = preset.sampling
        if preset.thinking and self._sampling.max_tokens is None:
            self._sampling = self._sampling.model_copy(update={"max_tokens": preset.thinking[0]})
        self._known: dict[bytes, Truth] = {}
        self._calls: dict[bytes, _Call] = {}

    def known(self, problem: str, claims: Sequence[Claim]) -> tuple[Claim, ...]:
        """The claims as far as they can be settled without a further call: by execution, or because they were asked before."""
        computed = (executed(claim, problem) for claim in claims)
        return tuple(
            settled(claim, self._known.get(_key(problem, claim), "unknown"), by="verifier") if _is_open(claim) else claim
            for claim in computed
        )

    async def verify(self, problem: str, claims: Sequence[Claim], step_id: str) -> tuple[Claim, ...]:
        """The claims in their order, settled as far as that can be had. Those that are settled already stay as they are.

        A call that fails, is cut, or has no clear verdict leaves its claim "unknown". Cancelling ends the calls, except those
        that others wait for too. Raises `BudgetSpent`, and `ModelUnavailable` where the endpoint can't serve.
        """
        error: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._asked(problem, claim, step_id)) for claim in self.known(problem, claims)]
        except* ModelError as failed:
            error = failed.exceptions[0]
        if error is not None:
            raise error
        return tuple(task.result() for task in asked)

    async def _asked(self, problem: str, claim: Claim, step_id: str) -> Claim:
        key = _key(problem, claim)
        if not _is_open(claim):
            return claim
        if key in self._known:  # it may have become known since the claims were looked at
            return settled(claim, self._known[key], by="verifier")
        try:
            return settled(claim, await self._shared(key, self._request(problem, claim, step_id)), by="verifier")
        except ModelError as error:
            if isinstance(error, BudgetSpent) or (isinstance(error, ModelUnavailable) and not isinstance(error, RequestRefused)):
                raise
            return claim

    async def _shared(self, key: bytes, request: Request) -> Truth:
        """What the call says; all who ask the same at the same time wait for one."""
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(asyncio.create_task(self._verdict(key, request)))
        call.waiting += 1
        try:
            await asyncio.wait((call.task,))
            return call.task.result()
        finally:
            call.waiting -= 1
            if not call.waiting:
                del self._calls[key]
                call.task.cancel()
                await asyncio.gather(call.task, return_exceptions=True)

    async def _verdict(self, key: bytes, request: Request) -> Truth:
        verdict: Truth = "unknown"
        async with aclosing(self._model.stream(request)) as events:
            async for event in events:
                if isinstance(event, Completion) and event.finish == "stop" and event.thought:
                    verdict = read_verdict(event.content)
        self._known[key] = verdict
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return verdict

    def _request(self, problem: str, claim: Claim, step_id: str) -> Request:
        question = render("verify", problem=problem, claim=_SPECIAL.sub(r"< \1 >", _one_line(claim)))
        message = Message(role="user", content=question)
        return Request(messages=(message,), sampling=self._sampling, seconds=self._seconds, role=self._role, step=step_id)


def _is_open(claim: Claim) -> bool:
    return claim.verdict == "unknown"


def _one_line(claim: Claim) -> str:
    return " ".join(claim.text.split())


def _key(problem: str, claim: Claim) -> bytes:
    """Of the claim's words; capitals count: n is not N."""
    return hashlib.sha256(f"{problem}\0{_one_line(claim).rstrip('.')}".encode("utf-8", "surrogatepass")).digest()


class Verified:
    """A specialist whose candidates come with their claims settled, where a step is decided by CLR. To all other steps it is the
    specialist itself."""

    def __init__(self, inner: Specialist, verifier: ClaimVerifier) -> None:
        self._inner = inner
        self._verifier = verifier
        self.pace: Pace = getattr(inner, "pace", Pace())
        self.samples: int | None = getattr(inner, "samples", None)

    @property
    def name(self) -> str:
        """The specialist's."""
        return self._inner.name

    def propose(self, step: Step) -> AsyncIterator[Told]:
        """As the specialist's own; by CLR in the order in which the claims are settled."""
        return self._stream(step, self._inner.propose(step))

    def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Told]:
        """As `propose`."""
        return self._stream(step, self._inner.repair(step, misses))

    def _stream(self, step: Step, source: AsyncIterator[Told]) -> AsyncIterator[Told]:
        by_clr = step.selection is not None and step.selection.strategy == "clr"
        return self._settling(step, source) if by_clr else source

    async def _settling(self, step: Step, source: AsyncIterator[Told]) -> AsyncGenerator[Told, None]:
        """Closing it ends the sampling and every call."""
        told: asyncio.Queue[Told | None] = asyncio.Queue()
        work = asyncio.create_task(self._work(step, source, told))
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (one := await told.get()) is not None:
                yield one
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self, step: Step, source: AsyncIterator[Told], told: "asyncio.Queue[Told | None]") -> None:
        """Reads the source to its end while claims are settled.

        Answers that wait for verdicts when no more can be had are told with what is known by then: they may still be voted on.
        """
        problem, turns = _problem(step), asyncio.Semaphore(AT_ONCE)
        held: list[Candidate] = []
        broken: Exception | None = None

        async def settle(candidate: Candidate) -> None:
            async with turns:
                claims = await self._verifier.verify(problem, candidate.claims[:CLR_CLAIMS], step.id)
            held.remove(candidate)
            told.put_nowait(_with_claims(candidate, claims))

        try:
            async with asyncio.TaskGroup() as group:
                try:
                    async with _closing(source):
                        async for one in source:
                            if isinstance(one, Candidate) and any(map(_is_open, one.claims[:CLR_CLAIMS])):
                                held.append(one)
                                group.create_task(settle(one))
                            else:
                                told.put_nowait(one)
                except Exception as error:  # raised once all that came before it is told
                    broken = error
        except* ModelError as failed:
            for candidate in held:
                told.put_nowait(_with_claims(candidate, self._verifier.known(problem, candidate.claims[:CLR_CLAIMS])))
            told.put_nowait(self._none(failed.exceptions[0]))
        if broken is not None:
            raise broken

    def _none(self, error: BaseException) -> NoAnswer:
        ended = "spent" if isinstance(error, BudgetSpent) else "failed"
        return NoAnswer.model_validate({"author": self.name, "ended": ended, "why": f"claims can't be verified: {error}"})


def _problem(step: Step) -> str:
    """The statement with what the step builds on: a claim may rest on either."""
    return "\n\n".join((step.problem, *(f"Known: {given.title}\n{given.text}" for given in step.givens)))


def _with_claims(candidate: Candidate, claims: tuple[Claim, ...]) -> Candidate:
    return candidate.model_copy(update={"claims": claims + candidate.claims[CLR_CLAIMS:]})


def _closing(source: AsyncIterator[Told]) -> AbstractAsyncContextManager[object]:
    """Closes a generator; other iterators have nothing to close."""
    return aclosing(cast("AsyncGenerator[Told, None]", source)) if hasattr(source, "aclose") else nullcontext()
