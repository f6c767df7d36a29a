"""One answer from many samples: the same model states claims and looks at them (CLR). Here played by a scripted model server.

python examples/choosing.py
"""

import asyncio

from soloist import (
    AgreementCheck,
    ClaimVerifier,
    Endpoint,
    EndpointSettings,
    ModelSpecialist,
    Orchestrator,
    Problem,
    Selection,
    Task,
    Verified,
    preset_named,
)
from soloist.testing import Ask, ModelServer, Reply

PROBLEM = Problem(text="What is the sum of the primes below 10?", kind="answer", check=AgreementCheck())
CLAIMS = "\n".join(f"Claim {number}: {prime} is a prime below 10." for number, prime in enumerate((2, 3, 5, 7), start=1))
WRONG, RIGHT = f"{CLAIMS}\nClaim 5: 1 is a prime.\n\\boxed{{18}}", f"{CLAIMS}\nClaim 5: 1 is no prime.\n\\boxed{{17}}"


def script(ask: Ask) -> Reply:
    """Two samples of three are wrong; asked about a claim, the model knows better."""
    if "Try to refute the claim" in ask.text:
        return Reply("INVALID" if "1 is a prime." in ask.text else "VALID")
    return Reply(choices=(WRONG, RIGHT, WRONG))


async def main() -> None:
    """Print the answer, what it stands on, and the votes."""
    async with ModelServer(script) as server:
        model, preset = Endpoint(EndpointSettings(name="VibeThinker-3B", base_url=server.url)), preset_named("vibethinker")
        specialist = Verified(ModelSpecialist(model, preset=preset), ClaimVerifier(model, preset, seconds=600))
        task = Task(goal="sum", problem=PROBLEM, selection=Selection(strategy="clr", samples=6), approval="never")
        report = await Orchestrator(ladder=[specialist]).run(task)
        await model.close()
    tally = report.steps[0].selection
    print(f"{report.answer} ({report.level}): {report.why}")
    print([(group.answer, group.votes, round(group.score, 2)) for group in tally.groups] if tally else "no vote")


if __name__ == "__main__":
    asyncio.run(main())
