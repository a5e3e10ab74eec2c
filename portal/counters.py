"""Counters of what this process did, added up over the processes of one server when Prometheus reads them.

Each process writes its numbers into files of a folder that the server's processes share, so any of them can answer, and
what a killed process counted is not lost. Names and labels are described in docs/operations.md.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, values
from prometheus_client.multiprocess import MultiProcessCollector

# The time at which a series began would double the number of series.
disable_created_metrics()  # type: ignore[no-untyped-call]

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_FOLDER = "ring-portal-metrics"
# The steps fit arrivals (milliseconds), pages (tens) and waits that end with an error (seconds).
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

LEVELS = ("debug", "info", "warning", "error", "critical")
LETTER_OUTCOMES = ("sent", "refused", "expired", "server_unavailable", "failed")
WEBHOOK_OUTCOMES = ("delivered", "answered_error", "not_delivered")
DELIVERY_OUTCOMES = ("applied", "waiting", "ignored", "refused")


class Counters:
    """The counters of a process; a label takes few values, never an id or a text of a visitor."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Two families: a series of the histogram for each status would cost a reader a second.
        self.requests = Counter(
            "portal_requests", "Requests", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "portal_request_seconds",
            "Seconds of requests",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._series: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self.log_lines = self._counter("portal_log_lines", "Log lines by level", "level", LEVELS)
        self.outages = self._counter("portal_outages", "Outages that began, by event in the log", "event")
        self.failures = self._counter("portal_failures", "Failures within outages, by event", "event")
        self.database_connections = self._counter("portal_database_connections", "Connections opened")
        self.node_failovers = self._counter("portal_node_failovers", "Changes to another node", "host")
        self.node_failures = self._counter("portal_node_failures", "Nodes that were not usable", "host")
        self.letters = self._counter(
            "portal_letters", "Attempts to send an e-mail", "outcome", LETTER_OUTCOMES
        )
        self.webhooks = self._counter(
            "portal_webhook_attempts", "Attempts to deliver a webhook", "outcome", WEBHOOK_OUTCOMES
        )
        self.deliveries = self._counter(
            "portal_store_deliveries", "Deliveries of connected stores", "outcome", DELIVERY_OUTCOMES
        )

    def count_request(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count a request that took some seconds."""
        key = method, route, status
        series = self._series.get(key)
        if series is None:
            # Looking the series up by its labels takes longer than counting.
            series = self._series[key] = self.requests.labels(*key), self.seconds.labels(route)
        series[0].inc()
        series[1].observe(seconds)

    def _counter(self, name: str, text: str, label: str = "", known: tuple[str, ...] = ()) -> Counter:
        """Return a counter; known values of its label are reported from the start, so that a rate sees the first."""
        counter = Counter(name, text, [label] if label else [], registry=self.registry)
        for value in known:
            counter.labels(value)
        return counter


class _Process:
    """The counters in use, and the folder that the processes of the server share, if they do."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.folder: Path | None = None


_process = _Process()


def counters() -> Counters:
    """Return the counters of this process."""
    return _process.counters


def share_counters(server: str) -> None:
    """Share the counters with the other workers of this process's parent; `server` tells portals on a machine apart.

    Raises OSError where the folder cannot be made or belongs to someone else; then this process counts alone.
    """
    given = os.environ.get(_FOLDER_VARIABLE)
    folder = Path(given) if given else _own_folder(server)
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid():
        raise FileExistsError(f"{folder} belongs to someone else")
    os.environ[_FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    _process.folder, _process.counters = folder, Counters()


def counted() -> CollectorRegistry:
    """Return what this process counted, together with the other workers where they share a folder."""
    if _process.folder is None:
        return _process.counters.registry
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(_process.folder))  # type: ignore[no-untyped-call]
    return registry


def _own_folder(server: str) -> Path:
    """Return the folder of this process's siblings; those of servers that have ended are deleted."""
    digest = hashlib.sha256(server.encode()).hexdigest()[:8]
    prefix = f"{_FOLDER}-{os.getuid()}-"
    temporary = Path(tempfile.gettempdir())
    for old in temporary.glob(f"{prefix}*"):
        parent = re.fullmatch(rf"{prefix}[0-9a-f]{{8}}-(\d+)", old.name)
        if parent and not Path(f"/proc/{parent[1]}").exists() and Path("/proc/self").exists():
            shutil.rmtree(old, ignore_errors=True)
    return temporary / f"{prefix}{digest}-{os.getppid()}"
