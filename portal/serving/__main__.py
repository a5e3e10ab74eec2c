"""`python -m portal.serving`: what the command `serve` becomes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from portal.logs import configure_logging
from portal.serving.listener import CannotListen, open_listener
from portal.serving.supervisor import Supervisor

# glibc keeps up to eight heaps per core for the threads of a process, which its interpreter lets run one at a time.
_FEWER_ARENAS = {"MALLOC_ARENA_MAX": "2"}


def main(arguments: list[str]) -> int:
    """Run the supervisor until a signal ends it and return the exit status."""
    options = _parse(arguments)
    configure_logging(as_json=options.json_logs, level=options.log_level)
    try:
        listener = open_listener(options.host, options.port)
    except CannotListen as error:
        sys.exit(str(error))
    # Workers hold the reading end: it closes with this process, however that ends.
    lifeline, held = os.pipe2(os.O_CLOEXEC)

    environment = {**_FEWER_ARENAS, **os.environ}

    def start(ready: int) -> subprocess.Popen[bytes]:
        passed = [listener.fileno(), ready, lifeline]
        words = [options.factory, options.threads, *passed]
        command = [sys.executable, "-m", "portal.serving.worker", *map(str, words)]
        return subprocess.Popen(command, pass_fds=passed, env=environment)

    try:
        drain = options.drain
        return Supervisor(start, options.workers, on_stop=listener.close, drain_seconds=drain).run()
    finally:
        os.close(held)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portal.serving")
    parser.add_argument("--factory", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--drain", type=int, default=0)
    parser.add_argument("--log-level", required=True)
    parser.add_argument("--json-logs", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
