"""The protocol of store platforms: verify a delivery, read it as a snapshot, call the store's API.

Reading is pure. Only `fetch` and `changed_since` speak to the store. See docs/rules/stores.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from portal.lib.errors import PortalError
from portal.stores.snapshots import OrderSnapshot

ORDER_GONE, ORDER_UNREADABLE = "order_gone", "order_unreadable"
TOLERANCE_SECONDS = 300


class DeliveryRefused(PortalError):
    """A delivery is not authentic: its signature, secret or time is wrong, or a header is missing.

    Param `reason`: signature_missing, signature_wrong, timestamp_old, timestamp_ahead, secret_missing.
    """

    code = "delivery_refused"


class DeliveryUnreadable(PortalError):
    """An authentic delivery has not the form that the platform documents; param `detail`."""

    code = "delivery_unreadable"


class StoreUnreachable(PortalError):
    """The store's API gave no answer that can be read; params `detail` and `retry_after` (seconds or None)."""

    code = "store_unreachable"


class StoreRefused(PortalError):
    """The store's API refuses the credentials."""

    code = "store_credentials_refused"


@dataclass(frozen=True)
class Delivery:
    """A delivery as it arrived: header names in lower case, the raw body."""

    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header by its name in lower case, empty if it is missing."""
        return self.headers.get(name, "")


def check_delivery_time(seconds: int, now: datetime) -> None:
    """Raise DeliveryRefused unless a delivery was signed, in seconds since 1970, within five minutes of now."""
    age = now.timestamp() - seconds
    if abs(age) > TOLERANCE_SECONDS:
        raise DeliveryRefused(reason="timestamp_old" if age > 0 else "timestamp_ahead")


@dataclass(frozen=True)
class Verified:
    """An authentic delivery: the platform's own name of what happened, and the parsed body."""

    kind: str
    content: Any


@dataclass(frozen=True)
class Reading:
    """An order as a delivery states it; `is_test` where the platform marks its own test orders.

    `is_partial`: the store's API knows more, such as the lines of a refund, and is asked where there is one.
    `changed_at` is when the order changed by the store's own clock, where the platform says so.
    """

    snapshot: OrderSnapshot
    is_test: bool = False
    is_partial: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Fetch:
    """The delivery only names an order: ask the store's API, by the order's id or by the key of its payment.

    `is_gone`: the delivery says that the order was deleted, so it is cancelled unless the API still shows it.
    """

    external_id: str | None = None
    payment_key: str | None = None
    is_gone: bool = False


@dataclass(frozen=True)
class Ignored:
    """The delivery concerns no order; `reason` is a code that the event log explains.

    ORDER_GONE is the answer of `fetch` for an order that the store no longer has; ORDER_UNREADABLE is one order of an
    answer that has not the documented form, named by `external_id` and explained by `detail`.
    """

    reason: str
    external_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class StoreApi:
    """How to reach a store's own API: its address and the credentials by the names that the adapter lists.

    `allow_private` is for development and tests: people enter the address, and it must not lead into the server's
    network.
    """

    url: str
    credentials: Mapping[str, str] = field(repr=False)
    allow_private: bool = True


class StoreAdapter(Protocol):
    """A platform. `name` is stored and part of addresses, `label` is the product's own name."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def credential_names(self) -> tuple[str, ...]:
        """Return the names of what its API needs to sign in; empty where the platform has no API here."""

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return an authentic delivery, by any of the secrets that are valid now; raise DeliveryRefused.

        Ignored is for the unsigned greeting some platforms send when a webhook is created.
        """

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return the order of a delivery, or what to do instead; raise DeliveryUnreadable."""

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the present state of an order from the store's API; raise StoreUnreachable or StoreRefused."""

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time, oldest change first; raise StoreUnreachable or StoreRefused."""
