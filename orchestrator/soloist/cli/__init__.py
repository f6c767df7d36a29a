"""The command line: a thin skin over `Orchestrator`."""


def main() -> None:
    """Entry point of the `soloist` command."""
    from soloist.cli.app import app

    app()
