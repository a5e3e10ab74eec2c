"""A real Vendure connected to the portal by the plugin: both books agree to the cent. Run by `make test-stores`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from peewee import fn

from models import Order, PaymentRefund, ReferralReward, Store, StoreEvent, Vendor
from portal.chain import open_chain
from portal.db import connection
from portal.flows.stores.poll_stores import poll_store
from portal.lib.money import to_major
from portal.orders import find_store_order
from portal.settings import Settings
from portal.stores import new_webhook_secret, rotate_webhook_secret, set_store_api
from portal.stores.adapters.protocol import Fetch, Ignored, StoreApi
from portal.stores.adapters.vendure import Vendure
from tests.factories import ACTOR, make_code, make_store, make_user, make_vendor
from tests.support.store_books import SECRET_KEY, booked
from tests.support.vendure_shop import VendureShop, is_vendure_installed, open_vendure_shop

pytestmark = [
    pytest.mark.stores,
    pytest.mark.slow,
    pytest.mark.skipif(not is_vendure_installed(), reason="Vendure is not installed: make test-stores"),
]

VENDOR = "Vendor A"
BOTH = {"MUG-1": 2, "POSTER-2": 1}


@dataclass
class Connected:
    """A shop, the store that it is in the portal, and the code of a referrer."""

    shop: VendureShop
    store_id: int
    code: str
    settings: Settings

    def api(self) -> StoreApi:
        return StoreApi(self.shop.url, {"api_key": self.shop.create_api_key()})

    def use_api(self) -> None:
        """Give the portal access to the shop's own API."""
        api, this = self.api(), Store.id == self.store_id
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        with connection():
            set_store_api(self.store_id, api.url, api.credentials, SECRET_KEY, ACTOR)
            Store.update(created_at=an_hour_ago).where(this).execute()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Refuse the shop's deliveries while the block runs."""
        self._set_active(False)
        yield
        self._set_active(True)

    def _set_active(self, active: bool) -> None:
        with connection():
            Store.update(active=active).where(Store.id == self.store_id).execute()

    def in_other_store(self) -> Connected:
        """Connect the shop as a store that has no orders yet and gets no deliveries."""
        with connection():
            store_id = make_store(Vendor.get(name=VENDOR), "vendure").id
        other = replace(self, store_id=store_id)
        other.use_api()
        return other

    def poll(self) -> tuple[int, int]:
        """Read the shop's API and return how many orders were read and changed."""
        with connection():
            polled = poll_store(self.store_id, open_chain(self.settings), self.settings)
        return polled.read, polled.changed


@pytest.fixture
def connected(
    database: str, portal_settings: Settings, portal_url: str, tmp_path: Path
) -> Iterator[Connected]:
    store = make_store(make_vendor(name=VENDOR), "vendure")
    secret = rotate_webhook_secret(store.id, SECRET_KEY, ACTOR, new_webhook_secret("vendure"))
    code = make_code(make_user("Anna")).code
    url = f"{portal_url}/hooks/{store.public_id}/vendure"
    with open_vendure_shop(tmp_path, url, secret) as shop:
        yield Connected(shop, store.id, code, portal_settings)


@dataclass(frozen=True)
class Figures:
    """What a shop says of an order: in minor units, goods as they were ordered and without tax."""

    goods: int
    paid: int
    refunded: int

    @property
    def goods_left(self) -> int:
        """The goods that refunds left: each refund took its share of what was paid."""
        share = Decimal(self.goods * self.refunded) / self.paid if self.paid else Decimal(0)
        return self.goods - int(share.quantize(Decimal(1), ROUND_HALF_UP))


def figures(shop: VendureShop, code: str, goods: int) -> Figures:
    payments = shop.order(code)["payments"]
    refunds = [refund for payment in payments for refund in payment["refunds"]]
    return Figures(
        goods,
        sum(payment["amount"] for payment in payments if payment["state"] == "Settled"),
        sum(refund["total"] for refund in refunds if refund["state"] == "Settled"),
    )


def check(connected: Connected, code: str, own: Figures, *, rewarded: bool) -> None:
    """Compare an order of the shop with the portal's order, payment, refunds, settlement and reward."""
    with connection():
        found = find_store_order(connected.store_id, code)
        assert found is not None, code
        order = Order.get_by_id(found.order_id)
        refunds = PaymentRefund.select(fn.SUM(PaymentRefund.amount_minor))
        refunded = refunds.where(PaymentRefund.order_reference == order.order_reference).scalar() or 0
        reward = ReferralReward.get_or_none(order_reference=order.order_reference)
        assert order.currency == "USD"
        assert (order.total_minor, order.paid_minor or 0, refunded) == (own.goods, own.paid, own.refunded)
        expected = {VENDOR: to_major(own.goods_left, "USD")} if own.paid else {}
        assert booked(order) == expected
        assert (reward is not None) == rewarded
        if reward is not None:
            check_reward(reward, own)


def check_reward(reward: ReferralReward, own: Figures) -> None:
    granted = reward.granted_wei or reward.reward_amount_wei
    assert reward.usd_value == to_major(own.goods, "USD") * reward.reward_percent / 100
    if own.goods_left == 0:
        assert reward.status == "rejected"
    else:
        assert reward.status == "pending_approval"
        assert reward.reward_amount_wei == granted * own.goods_left // own.goods


def notes_of(connected: Connected, code: str) -> set[str]:
    with connection():
        events = StoreEvent.select().where(
            (StoreEvent.store == connected.store_id) & (StoreEvent.external_id == code)
        )
        return {note["code"] for event in events for note in event.explanation.get("notes", ())}


def test_books_of_shop_and_portal_agree_to_the_cent(connected: Connected) -> None:
    shop, code = connected.shop, connected.code
    goods: dict[str, int] = {}

    def agree(number: str, *, rewarded: bool, store: Connected = connected) -> Figures:
        # What was ordered, because a cancellation sets it to zero.
        ordered = goods.setdefault(number, shop.order(number)["subTotal"])
        own = figures(shop, number, ordered)
        check(store, number, own, rewarded=rewarded)
        return own

    guest = shop.buy(BOTH, "guest@example.test", code=code, coupon="SAVE7")
    assert agree(guest, rewarded=True) == Figures(68_198, 82_338, 0)
    again = shop.buy({"MUG-1": 1}, "guest@example.test", code=code)
    agree(again, rewarded=False)
    with shop.reported("PaymentStateTransitionEvent"), connected.away():
        no_code = shop.place({"MUG-1": 3}, "passer-by@example.test")
        shop.wait_for_retry()
    agree(no_code, rewarded=False)
    later = shop.buy({"POSTER-2": 1}, "later@example.test", code=code, method="later")
    assert agree(later, rewarded=False).paid == 0
    shop.capture(later)
    assert agree(later, rewarded=True).paid == 40_500

    first = shop.refund(guest, 10_000)
    assert agree(guest, rewarded=True).refunded == 0, "it is pending"
    shop.settle_refund(first)
    assert agree(guest, rewarded=True).refunded == 10_000
    second = shop.refund(guest, 4_201)
    assert agree(guest, rewarded=True).refunded == 10_000
    shop.settle_refund(second)
    partly = agree(guest, rewarded=True)
    assert partly.refunded == 14_201

    polled = connected.in_other_store()
    rewarded = {guest: True, again: False, no_code: False, later: True}
    assert polled.poll() == (4, 4)
    for number, has_reward in rewarded.items():
        agree(number, rewarded=has_reward, store=polled)

    for number in (guest, later):
        shop.cancel(number)
        assert (shop.order(number)["state"], shop.order(number)["totalWithTax"]) == ("Cancelled", 0)
        assert notes_of(connected, number) == {"cancelled_not_refunded"}
    assert polled.poll() == (4, 2)
    for number, has_reward in rewarded.items():
        agree(number, rewarded=has_reward)
        agree(number, rewarded=has_reward, store=polled)

    shop.settle_refund(shop.refund(guest, partly.paid - partly.refunded))
    assert agree(guest, rewarded=True).goods_left == 0
    connected.use_api()
    assert connected.poll() == (4, 0), "the plugin has sent everything"
    agree(guest, rewarded=True)
    check_cancelled_before_it_was_seen(connected.in_other_store(), (guest, later))


def check_cancelled_before_it_was_seen(store: Connected, numbers: tuple[str, ...]) -> None:
    """Read cancelled orders for the first time: Vendure shows no more what was due for them, so nothing is earned."""
    assert store.poll()[0] == 4
    with connection():
        for number in numbers:
            found = find_store_order(store.store_id, number)
            assert found is None or booked(Order.get_by_id(found.order_id)) == {}
    assert Vendure().fetch(store.api(), Fetch("NONE")) == Ignored("order_gone")
