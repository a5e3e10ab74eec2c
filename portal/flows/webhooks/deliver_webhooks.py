"""Send due webhooks: several at once, few to one endpoint, so that a slow one does not stop the others.

Threads only send; everything is claimed and recorded by the thread of the job.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from urllib.parse import urlsplit

from models import WebhookEndpoint
from portal.accounts import list_admin_ids
from portal.catalogue import vendors_by_id
from portal.counters import counters
from portal.db import Actor, transaction
from portal.db.failing import require_database
from portal.lib.clock import utc_now
from portal.lib.http import HttpAnswer, HttpFailed
from portal.lib.public_http import AddressRefused, CertificateInvalid, TimedOut, post_public
from portal.lib.sealing import WEBHOOK_SECRET, SealBroken, unseal
from portal.logs import get_logger
from portal.notifications import notify
from portal.settings import Settings
from portal.stores import get_store
from portal.webhooks import (
    Attempt,
    Claimed,
    claim_delivery,
    event_body,
    parse_retry_after,
    record_attempt,
    signed_headers,
)

log = get_logger(__name__)

TIMEOUT_SECONDS = 15
RUN_SECONDS = 30
# Endpoints that fail share half of the threads, one each.
_THREADS, _FAILING_THREADS, _PER_ENDPOINT = 16, 8, 4
# While sends are under way, new deliveries are looked for this often.
_LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class SendingRules:
    """How webhooks are sent: `key` unseals secrets, `timeout` is seconds in total per attempt."""

    key: str
    allow_private: bool
    timeout: float = TIMEOUT_SECONDS

    @classmethod
    def of(cls, settings: Settings) -> SendingRules:
        return cls(settings.stored_key, not settings.is_production)


def deliver_webhooks(rules: SendingRules, actor: Actor, *, seconds: float = RUN_SECONDS) -> int:
    """Send due webhooks and return the number of attempts; nothing new is begun after `seconds`."""
    attempts, deadline = 0, time.monotonic() + seconds
    under_way: dict[Future[Attempt], Claimed] = {}
    first = _claim_next(under_way)
    if first is None:
        return 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook") as threads:
        claimed: Claimed | None = first
        while claimed is not None or under_way:
            if claimed is not None:
                under_way[threads.submit(_send, claimed, rules)] = claimed
                attempts += 1
            else:
                _record_finished(under_way, actor)
            claimed = _claim_next(under_way) if time.monotonic() < deadline else None
    return attempts


def _claim_next(under_way: dict[Future[Attempt], Claimed]) -> Claimed | None:
    if len(under_way) >= _THREADS:
        return None
    sends = Counter(each.endpoint_id for each in under_way.values())
    failing = {each.endpoint_id for each in under_way.values() if each.is_failing}
    busy = {endpoint for endpoint, count in sends.items() if count >= _PER_ENDPOINT} | failing
    return claim_delivery(busy, includes_failing=len(failing) < _FAILING_THREADS)


def _record_finished(under_way: dict[Future[Attempt], Claimed], actor: Actor) -> None:
    """Wait until a send ends, or some time, and record what has ended."""
    ended, _ = wait(under_way, timeout=_LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
    for future in ended:
        claimed = under_way.pop(future)
        try:
            _record(claimed, future.result(), actor)
        except Exception as error:  # its lease ends, then it is sent again
            require_database(error)
            log.exception("webhook attempt not recorded", delivery_id=claimed.id)


def _record(claimed: Claimed, attempt: Attempt, actor: Actor) -> None:
    # Jitter, so that endpoints that failed together are not tried together.
    jitter = secrets.randbelow(1000) / 1000
    counters().webhooks.labels(_outcome(attempt)).inc()
    with transaction():
        disabled = record_attempt(claimed, attempt, jitter, actor)
        if disabled is not None:
            _report_disabled(disabled)
    if disabled is not None:
        log.warning("webhook endpoint disabled", endpoint_id=disabled.id, reason=disabled.disabled_reason)


def _outcome(attempt: Attempt) -> str:
    if attempt.status_code is None:
        return "not_delivered"
    return "delivered" if attempt.is_accepted else "answered_error"


def _send(claimed: Claimed, rules: SendingRules) -> Attempt:
    """Make one attempt; whatever goes wrong is its result."""
    try:
        return _attempt_of(_post(claimed, rules))
    except AddressRefused:
        return Attempt(None, "address_refused")
    except TimedOut:
        return Attempt(None, "timed_out")
    except CertificateInvalid:
        return Attempt(None, "certificate_invalid")
    except HttpFailed:
        return Attempt(None, "unreachable")
    except SealBroken:
        return Attempt(None, "seal_broken")
    except Exception:
        log.exception("webhook not sent", delivery_id=claimed.id)
        return Attempt(None, "internal")


def _post(claimed: Claimed, rules: SendingRules) -> HttpAnswer:
    sealed = [each for each in (claimed.secret, claimed.previous_secret) if each is not None]
    keys = [unseal(each, rules.key, claimed.endpoint_id, WEBHOOK_SECRET) for each in sealed]
    body = event_body(claimed.type, claimed.happened_at, claimed.data)
    headers = signed_headers(claimed.webhook_id, body, utc_now(), keys)
    return post_public(claimed.url, body, headers, timeout=rules.timeout, allow_private=rules.allow_private)


def _attempt_of(answer: HttpAnswer) -> Attempt:
    error = "redirected" if 300 <= answer.status < 400 else None
    return Attempt(answer.status, error, parse_retry_after(answer.headers.get("retry-after"), utc_now()))


def _report_disabled(endpoint: WebhookEndpoint) -> None:
    """Write to the admins, and to the vendor whose store it is."""
    store = get_store(endpoint.store_id)
    readers = set(list_admin_ids())
    if store.default_vendor_id is not None:
        vendor = vendors_by_id([store.default_vendor_id])[store.default_vendor_id]
        readers |= {vendor.user_id} if vendor.user_id is not None else set()
    assert endpoint.disabled_at is not None
    for user_id in sorted(readers):
        notify(
            user_id,
            f"webhook_disabled_{endpoint.disabled_reason}",
            f"webhook_disabled:{endpoint.id}:{endpoint.disabled_at.isoformat()}:{user_id}",
            host=urlsplit(endpoint.url).hostname,
            store=store.name,
        )
