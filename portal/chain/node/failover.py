"""Notice that another node is used than before."""

from __future__ import annotations

from portal.counters import counters
from portal.logs import get_logger

log = get_logger(__name__)


class Failover:
    """The node that was chosen last; a change is one log line and counts, however many calls there are."""

    def __init__(self) -> None:
        self._host: str | None = None

    def choose(self, host: str) -> None:
        """Note the node that is used now."""
        if self._host is not None and self._host != host:
            counters().node_failovers.labels(host).inc()
            log.warning("another node is used", host=host, before=self._host)
        self._host = host
