"""Structured logs: one event name and its values per line, JSON in production and readable in development.

A module logs through `get_logger(__name__)`; what libraries log through `logging` is rendered by the same handler.
Values bound with `structlog.contextvars` (request id, job name) appear on every line of their context.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter

from portal.counters import LEVELS, counters

_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
_PROCESSORS = (structlog.stdlib.filter_by_level, *_SHARED, ProcessorFormatter.wrap_for_formatter)


def get_logger(name: str) -> BoundLogger:
    """Return a logger of events: `log.warning("mail server unavailable", error=...)`."""
    logger: BoundLogger = structlog.wrap_logger(
        logging.getLogger(name), processors=_PROCESSORS, wrapper_class=BoundLogger
    )
    return logger


_OWN_LOGGERS = ("portal", "jobs")


class OutageLog:
    """Log when something begins to fail and when it works again, with a count instead of a line per failure.

    An outage ends with the first success after `quiet_seconds` without a failure; one that lasts is repeated every
    ten minutes.
    """

    _REMIND_SECONDS = 600.0

    def __init__(self, log: BoundLogger, began: str, ended: str, *, quiet_seconds: float = 1.0) -> None:
        """Log the events `began` and `ended`."""
        self._log, self._began, self._ended, self._quiet_seconds = log, began, ended, quiet_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._kind = ""
        self._began_at = self._failed_at = self._logged_at = 0.0

    def failed(self, reason: str, *, kind: str = "", **values: object) -> None:
        """Count a failure; log the first one of an outage, and the first one of another `kind`."""
        now = time.monotonic()
        with self._lock:
            self._failures += 1
            self._failed_at = now
            counters().failures.labels(self._began).inc()
            if self._failures == 1:
                self._began_at = now
                counters().outages.labels(self._began).inc()
            elif kind == self._kind and now - self._logged_at < self._REMIND_SECONDS:
                return
            self._kind, self._logged_at = kind, now
            count = {"failures": self._failures} if self._failures > 1 else {}
        self._log.error(self._began, error=reason, **count, **values)

    def worked(self) -> None:
        """Log the end of the outage, if there was one."""
        if not self._failures:
            return
        with self._lock:
            now = time.monotonic()
            if not self._failures or now - self._failed_at < self._quiet_seconds:
                return
            failures, seconds = self._failures, round(now - self._began_at, 1)
            self._failures = 0
        self._log.warning(self._ended, failures=failures, seconds=seconds)


@contextmanager
def quiet(name: str) -> Iterator[None]:
    """Log only warnings of a logger within the block, for commands that report what they do in their own words."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class _CountingHandler(logging.StreamHandler[TextIO]):
    """Count the lines of each level for Prometheus."""

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        level = record.levelname.lower()
        counters().log_lines.labels(level if level in LEVELS else "error").inc()


def configure_logging(*, as_json: bool, level: str) -> None:
    """Send the logs of this process to standard error from `level` on; keep handlers that are already installed."""
    handler = _CountingHandler()
    handler.setFormatter(log_formatter(as_json=as_json))
    if logging.root.handlers:
        return
    number = logging.getLevelNamesMapping()[level.upper()]
    # Libraries log statements with their values at debug level.
    logging.basicConfig(level=max(number, logging.INFO), handlers=[handler])
    for name in _OWN_LOGGERS:
        logging.getLogger(name).setLevel(number)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread


def _log_thread(raised: threading.ExceptHookArgs) -> None:
    """Log what ended a thread in the format of the log instead of printing it."""
    if raised.exc_value is not None and not isinstance(raised.exc_value, SystemExit):
        name = raised.thread.name if raised.thread else ""
        get_logger(__name__).error("thread ended by an exception", thread=name, exc_info=raised.exc_value)


def log_formatter(*, as_json: bool) -> ProcessorFormatter:
    """Return the formatter that renders our events and the records of libraries alike."""
    rendering: list[Any] = [ProcessorFormatter.remove_processors_meta]
    if as_json:
        # The plain traceback: a structured one would show the values of local variables.
        rendering += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        rendering += [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return ProcessorFormatter(foreign_pre_chain=_SHARED, processors=rendering)
