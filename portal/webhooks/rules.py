"""Which URLs and events an endpoint may have, and when a delivery is tried again. See docs/stores/webhooks.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from portal.lib.errors import PortalError
from portal.lib.public_http import is_public_address

ORDER_ATTRIBUTED, ORDER_NOT_ATTRIBUTED = "order.attributed", "order.not_attributed"
REFUND_APPLIED = "refund.applied"
REWARD_APPROVED, REWARD_MINTED, REWARD_REJECTED = "reward.approved", "reward.minted", "reward.rejected"
STATEMENT_OPENED = "statement.opened"
ENDPOINT_TEST = "endpoint.test"
# What an endpoint can choose; a test event goes to the endpoint it was asked for.
EVENT_TYPES = (
    ORDER_ATTRIBUTED,
    ORDER_NOT_ATTRIBUTED,
    REFUND_APPLIED,
    REWARD_APPROVED,
    REWARD_MINTED,
    REWARD_REJECTED,
    STATEMENT_OPENED,
)

# How long after the previous attempt each attempt is made.
SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
_JITTER = 0.1
LONGEST_RETRY_AFTER = timedelta(hours=24)
GIVE_UP_AFTER = timedelta(days=5)
ROTATION = timedelta(hours=24)
MOST_ENDPOINTS = 10
GONE = 410

_URL_MAX = 2000
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class WebhookUrlInvalid(PortalError):
    """The URL cannot be an endpoint; param `reason`: malformed, https_required, credentials, private, or
    known for an active endpoint that gets the same events."""

    code = "webhook_url_invalid"


class WebhookTypesMissing(PortalError):
    """No event was chosen, or one that does not exist."""

    code = "webhook_types_missing"


class TooManyEndpoints(PortalError):
    """The store has as many active endpoints as it may have; param `at_most`."""

    code = "too_many_endpoints"


class EndpointUnknown(PortalError):
    """The store has no such endpoint."""

    code = "webhook_endpoint_unknown"


class DeliveryUnknown(PortalError):
    """The store has no such delivery."""

    code = "webhook_delivery_unknown"


class EndpointDisabled(PortalError):
    """The endpoint is disabled, so nothing is sent to it."""

    code = "webhook_endpoint_disabled"


@dataclass(frozen=True)
class Attempt:
    """The result of one attempt: the status that was answered, or the code of what prevented an answer."""

    status_code: int | None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_accepted(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def check_url(url: str, *, allow_private: bool) -> str:
    """Return the URL of an endpoint; raise WebhookUrlInvalid.

    `allow_private` is for development: http and private addresses too. Names are resolved at each attempt.
    """
    text = url.strip()
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise WebhookUrlInvalid(field="url", reason="credentials")
    if not allow_private and parts.scheme != "https":
        raise WebhookUrlInvalid(field="url", reason="https_required")
    if not allow_private and not _may_be_public(parts.hostname or ""):
        raise WebhookUrlInvalid(field="url", reason="private")
    return text


def check_types(types: Iterable[str]) -> list[str]:
    """Return the chosen events in their order, each once; raise WebhookTypesMissing."""
    chosen = set(types)
    if not chosen or not chosen <= set(EVENT_TYPES):
        raise WebhookTypesMissing(field="types")
    return [each for each in EVENT_TYPES if each in chosen]


def next_wait(attempts: int, retry_after: timedelta | None, jitter: float) -> timedelta | None:
    """Return how long to wait after this many failed attempts, None after the last one.

    `jitter` between 0 and 1 adds up to a tenth. An endpoint may ask for up to 24 hours by Retry-After.
    """
    if attempts >= len(SCHEDULE):
        return None
    wait = SCHEDULE[attempts] * (1 + _JITTER * jitter)
    asked = min(retry_after or timedelta(0), LONGEST_RETRY_AFTER)
    return max(wait, asked)


def parse_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Return the delay of a Retry-After header, None if there is none that can be read."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta(0))
    except (ValueError, TypeError, OverflowError):  # no date, or one without a time zone that can exist
        return None


def _split(text: str) -> SplitResult:
    malformed = WebhookUrlInvalid(field="url", reason="malformed")
    if len(text) > _URL_MAX or not _PRINTABLE.fullmatch(text):
        raise malformed
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise malformed from None
    is_named = parts.hostname and (_is_address(parts.hostname) or _is_name(parts.hostname))
    if parts.scheme not in ("http", "https") or not is_named or parts.fragment or port == 0:
        raise malformed
    return parts


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host.partition("%")[0]))
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    """Return whether a host is a name; one that ends in a number is an address in a form that hides it (127.1)."""
    labels = host.removesuffix(".").split(".")
    return all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])


def _may_be_public(host: str) -> bool:
    host = host.removesuffix(".")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return is_public_address(host)
    except ValueError:
        return True  # a name
