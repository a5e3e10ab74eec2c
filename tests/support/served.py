"""A small application for tests of the server: slow requests, a job that does not end, a start that can fail."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, Response, current_app, request


def application() -> Flask:
    """Return the application; the file named by SERVED_FAILS, if it is there, lets the start fail.

    With SERVED_NEVER_STARTS it makes a file of that name and hangs.
    """
    if Path(os.environ["SERVED_FAILS"]).exists():
        raise SystemExit("The settings are wrong.")
    if begun := os.environ.get("SERVED_NEVER_STARTS"):
        Path(begun).touch()
        time.sleep(600)
    app = Flask(__name__)
    app.add_url_rule("/", view_func=_answer)
    app.add_url_rule("/parts", view_func=_answer_in_parts)
    app.add_url_rule("/readyz", view_func=_answer_readiness)
    app.extensions["portal"] = SimpleNamespace(stop_schedule=_wait_for_job, is_draining=False)
    return app


def _answer() -> str:
    time.sleep(float(request.args.get("seconds", "0")))
    return str(os.getpid())


def _answer_readiness() -> str:
    return "stopping" if current_app.extensions["portal"].is_draining else "ready"


def _answer_in_parts() -> Response:
    seconds = float(request.args.get("seconds", "0"))

    def parts() -> Iterator[str]:
        for number in range(10):
            time.sleep(seconds / 10)
            yield f"{number} "

    return Response(parts())


def _wait_for_job(seconds: float) -> None:
    """Stand for a job that a stop has to wait for as long as it may."""
    if "SERVED_HANGS" in os.environ:
        time.sleep(seconds)
