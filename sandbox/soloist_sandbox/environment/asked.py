"""What the user asked for when building the image of a repository."""

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `soloist sandbox build --repo`."""

    repository: Path
    name: str | None = None
    requirements: tuple[str, ...] = ()
    """Further ones."""
    groups: tuple[str, ...] = ()
    """Extras and dependency groups besides those called after tests."""
    without: tuple[str, ...] = ()
    """Projects to leave out, whatever declares them."""
    image: str | None = None
    dockerfile: Path | None = None
    devcontainer: bool = False
    venv: bool = False
    """Bind the user's own virtual environment."""
    upgrade: bool = False
    """Choose versions again."""
    dry_run: bool = False
    """Only say what would be installed."""

    def __post_init__(self) -> None:
        named = {"--from": self.image, "--dockerfile": self.dockerfile, "--devcontainer": self.devcontainer, "--venv": self.venv}
        given = [option for option, value in named.items() if value]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} contradict each other: name one")

    def told(self) -> str:
        """The options that must be given again to have the same image, with a blank before them."""
        words: list[str] = []
        for option, values in (("--requirement", self.requirements), ("--group", self.groups), ("--without", self.without)):
            words += [word for value in values for word in (option, value)]
        for option, value in (("--name", self.name), ("--from", self.image), ("--dockerfile", self.dockerfile)):
            words += [option, str(value)] if value else []
        words += [option for option, value in (("--devcontainer", self.devcontainer), ("--venv", self.venv)) if value]
        return "".join(f" {shlex.quote(word)}" for word in words)
