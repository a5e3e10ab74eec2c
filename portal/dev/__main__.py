"""`python -m portal.dev`, for `make run`: the command `dev`, whose servers start while its modules are loaded."""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from types import FrameType

from flask.cli import load_dotenv

from portal.dev.early import EarlyServers

# By their names, because this package is below them.
_COMMAND, _FOR_WORKERS = "portal.cli.dev", ("portal.app", "apscheduler.schedulers.background")


def main(arguments: list[str]) -> None:
    """Run the command with these arguments."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    load_dotenv()
    # Modules leave little garbage, and each collection walks through all that is loaded: a sixth of the time.
    gc.disable()
    with EarlyServers(arguments) as servers:
        command = importlib.import_module(_COMMAND).dev
        for module in _FOR_WORKERS:
            importlib.import_module(module)
        gc.freeze()
        gc.enable()
        servers.wait()
        command.main(arguments, prog_name="python -m portal.dev", obj=servers)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
