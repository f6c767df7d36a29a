"""What was typed, put together with all other settings."""

from dataclasses import dataclass
from pathlib import Path

from soloist.config import Flag, Loaded, load_settings


@dataclass(frozen=True)
class Typed:
    """Options that several commands share. None: not given."""

    config: Path | None = None
    effort: str | None = None
    check: str | None = None
    planner: str | None = None
    specialist: tuple[str, ...] = ()
    max_seconds: float | None = None
    max_tokens: int | None = None
    max_money: float | None = None
    samples: int | None = None
    """Candidates judged, over all steps."""
    strategy: str | None = None
    tries: int | None = None
    """Samples for one step."""
    image: str | None = None
    backend: str | None = None


def settings_of(typed: Typed, repository: Path | None) -> Loaded:
    """All settings in force. Raises `ValueError`, in one line."""
    flags = (
        Flag("--effort", "effort", typed.effort),
        Flag("--check", "check", typed.check),
        Flag("--planner", "planner", typed.planner),
        Flag("--specialist", "specialist", list(typed.specialist)),
        Flag("--max-seconds", "budget.seconds", typed.max_seconds),
        Flag("--max-tokens", "budget.tokens", typed.max_tokens),
        Flag("--max-money", "budget.money", typed.max_money),
        Flag("--samples", "budget.samples", typed.samples),
        Flag("--strategy", "tries.strategy", typed.strategy),
        Flag("--samples", "tries.samples", typed.tries),
        Flag("--image", "sandbox.image", typed.image),
        Flag("--backend", "sandbox.backend", typed.backend),
    )
    return load_settings(repository, config=typed.config, flags=flags)
