"""`python -m soloist.testing script.toml --port 8000`: serve a script until Ctrl-C."""

import argparse
import asyncio
import sys
from pathlib import Path

from soloist.testing.scriptfile import ScriptFile, read_script
from soloist.testing.server import ModelServer


async def _serve(script: ScriptFile, port: int) -> None:
    server = ModelServer(script.replies, like=script.like, faults=script.faults, port=port)
    async with server:
        print(server.url, flush=True)
        told = 0
        while True:
            await asyncio.sleep(0.2)
            for line in server.unexpected[told:]:
                print(line, file=sys.stderr, flush=True)
                told += 1


def main() -> int:
    """Exit code 2 where the script or the port can't be used."""
    parser = argparse.ArgumentParser(prog="python -m soloist.testing", description="A model server that answers from a script.")
    parser.add_argument("script", type=Path, help="a .toml or .json file; its form stands in soloist.testing.scriptfile")
    parser.add_argument("--port", type=int, default=0, help="default: a free one; the address is the first line printed")
    given = parser.parse_args()
    try:
        asyncio.run(_serve(read_script(given.script), given.port))
    except (OSError, ValueError) as error:
        print(f"{given.script}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
