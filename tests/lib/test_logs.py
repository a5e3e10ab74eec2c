"""Logs: events of the portal and records of libraries have the same format."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from portal.logs import get_logger, log_formatter


class Lines:
    """The output of a log handler of the portal."""

    def __init__(self, *, as_json: bool) -> None:
        self.output = io.StringIO()
        self.handler = logging.StreamHandler(self.output)
        self.handler.setFormatter(log_formatter(as_json=as_json))

    def as_json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.getvalue().splitlines()]


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    written = Lines(as_json=getattr(request, "param", True))
    logger = logging.getLogger("portal.test")
    logger.addHandler(written.handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(written.handler)
    logger.setLevel(logging.NOTSET)


def test_event_has_values_and_context(lines: Lines) -> None:
    log = get_logger("portal.test.mail")
    with bound_contextvars(request_id="abcdef12", job="send_letters"):
        log.warning("mail server unavailable", attempts=3)
        log.debug("not logged at this level")
    (line,) = lines.as_json()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "mail server unavailable",
        "attempts": 3,
        "level": "warning",
        "logger": "portal.test.mail",
        "request_id": "abcdef12",
        "job": "send_letters",
    }


@pytest.mark.parametrize("text", ["a\nb", "a\r\nlevel=error", "\u2028", "\x1b[31m", "\x00", '"}'])
def test_value_cannot_add_a_line(lines: Lines, text: str) -> None:
    get_logger("portal.test.mail").warning("mail refused", address=text)
    (line,) = lines.output.getvalue().rstrip("\n").split("\n")
    assert line.isascii()
    assert json.loads(line)["address"] == text


def test_library_record_has_the_same_format(lines: Lines) -> None:
    with bound_contextvars(request_id="abcdef12"):
        logging.getLogger("portal.test.driver").error("connection to %s lost", "redis")
    (line,) = lines.as_json()
    assert (line["event"], line["level"]) == ("connection to redis lost", "error")
    assert (line["logger"], line["request_id"]) == ("portal.test.driver", "abcdef12")


def test_exception_has_its_traceback_and_no_local_variables(lines: Lines) -> None:
    try:
        password = "a secret"
        raise ValueError(len(password))
    except ValueError:
        get_logger("portal.test").exception("job failed")
    (line,) = lines.as_json()
    assert "ValueError: 8" in line["exception"]
    assert "a secret" not in json.dumps(line).replace('password = \\"a secret\\"', "")


@pytest.mark.parametrize("lines", [False], indirect=True)
def test_development_lines_are_readable(lines: Lines) -> None:
    get_logger("portal.test").info("job finished", duration=0.5)
    line = lines.output.getvalue()
    assert "job finished" in line
    assert "duration=0.5" in line
