"""`python -m portal.dev`, for `make run`: the command `dev`, whose servers start while its modules are loaded."""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from collections.abc import Callable
from types import FrameType

from flask.cli import load_dotenv

from portal.dev.early import EarlyServers

# By their names, because this package is below them.
_COMMAND, _FOR_WORKERS = "portal.cli.dev", ("portal.app", "apscheduler.schedulers.background")


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_received: list[int] = []


def main(arguments: list[str]) -> None:
    """Run the command with these arguments."""
    # An exception in the middle of an import can get lost there, or leave a lock of the import held.
    _handle_stop(_remember)
    load_dotenv()
    # Modules leave little garbage, and each collection walks through all that is loaded: a sixth of the time.
    gc.disable()
    with EarlyServers(arguments) as servers:
        for module in (_COMMAND, *_FOR_WORKERS):
            importlib.import_module(module)
            _stop_if_requested()
        gc.freeze()
        gc.enable()
        servers.wait()
        _handle_stop(_stop)
        _stop_if_requested()
        command = importlib.import_module(_COMMAND).dev
        command.main(arguments, prog_name="python -m portal.dev", obj=servers)


def _handle_stop(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in _STOP_SIGNALS:
        signal.signal(number, handler)


def _remember(number: int, _frame: FrameType | None) -> None:
    _received.append(number)


def _stop_if_requested() -> None:
    if _received:
        sys.exit(0)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
