"""Structured logs: one event name and its values per line, JSON in production and readable in development.

A module logs through `get_logger(__name__)`; what libraries log through `logging` is rendered by the same handler.
Values bound with `structlog.contextvars` (request id, job name) appear on every line of their context.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter

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


def configure_logging(*, as_json: bool, level: str) -> None:
    """Send the logs of this process to standard error from `level` on; keep handlers that are already installed."""
    handler = logging.StreamHandler()
    handler.setFormatter(log_formatter(as_json=as_json))
    logging.basicConfig(level=level.upper(), handlers=[handler])


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
