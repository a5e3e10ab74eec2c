"""Send a simulated provider's callbacks to the portal, now or later."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from portal.lib import http
from portal.logs import get_logger
from portal.payments.simulator import SimulatedCallback

log = get_logger(__name__)

_TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Delivery:
    """One callback as it was sent, and what the portal answered; status 0 while there is no answer."""

    label: str
    status: int
    answer: str


def send_callbacks(url: str, callbacks: Sequence[SimulatedCallback], delay_seconds: int) -> list[Delivery]:
    """Send callbacks in order, now or by a timer of this process, which a restart loses."""
    if not delay_seconds:
        return [_deliver(url, callback) for callback in callbacks]
    timer = threading.Timer(delay_seconds, _send_late, args=[url, callbacks])
    timer.daemon = True
    timer.start()
    return [Delivery(callback.label, 0, "") for callback in callbacks]


def _send_late(url: str, callbacks: Sequence[SimulatedCallback]) -> None:
    for callback in callbacks:
        delivery = _deliver(url, callback)
        log.info(
            "delayed callback sent",
            label=delivery.label,
            status=delivery.status,
            answer=delivery.answer[:200],
        )


def _deliver(url: str, callback: SimulatedCallback) -> Delivery:
    try:
        answer = http.post(url, callback.body, callback.headers, timeout=_TIMEOUT_SECONDS)
    except http.HttpFailed as error:
        log.warning("simulated callback not delivered", error=str(error))
        return Delivery(callback.label, 0, str(error))
    return Delivery(callback.label, answer.status, answer.text)
