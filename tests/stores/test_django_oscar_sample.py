"""The sample for django-oscar in a running shop: what it reports, and that nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from portal.stores.snapshots import OrderSnapshot
from tests.support.oscar_shop import OscarShop, open_oscar_shop
from tests.support.recorder import Recorder, open_recorder

pytestmark = pytest.mark.slow

CODE = "Ab3dE5gH"
BOTH = {"MUG-1": 2, "POSTER-2": 1}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OscarShop]:
    with open_oscar_shop(tmp_path_factory.mktemp("oscar")) as running:
        yield running


@pytest.fixture
def portal_stand_in() -> Iterator[Recorder]:
    with open_recorder() as recorder:
        yield recorder


def report(shop: OscarShop, recorder: Recorder) -> dict[str, OrderSnapshot]:
    """Let the shop send what waits; return it by order number, read as the API reads it."""
    recorder.received.clear()
    shop.report(recorder.url, "rk_live_x")
    read = [OrderSnapshot.model_validate_json(call["raw"]) for call in recorder.received]
    return {snapshot.number: snapshot for snapshot in read}


def test_migrations_of_sample_match_its_models(shop: OscarShop) -> None:
    assert "No changes" in shop.manage("makemigrations", "--check", "--dry-run", "ring_referrals")


def test_order_of_guest_is_reported_with_code_voucher_partners_and_captured_money(
    shop: OscarShop, portal_stand_in: Recorder
) -> None:
    number = shop.visitor(CODE).buy(BOTH, guest="guest@example.test", voucher="ANNA10")
    snapshot = report(shop, portal_stand_in)[number]
    call = portal_stand_in.received[-1]
    assert (call["path"], call["headers"]["Authorization"]) == ("/api/v1/orders", "Bearer rk_live_x")
    assert (snapshot.status, snapshot.referral_code, snapshot.code_source) == ("paid", CODE, "cookie")
    assert snapshot.coupon_codes == ("ANNA10",)
    assert (snapshot.customer.external_id, snapshot.customer.email) == (None, "guest@example.test")
    assert [(line.sku, line.vendor, line.quantity) for line in snapshot.lines] == [
        ("MUG-1", "1", 2),
        ("POSTER-2", "2", 1),
    ]
    parts = sum(
        (Decimal(line.amount) + Decimal(line.tax) for line in snapshot.lines), Decimal(snapshot.shipping)
    )
    assert abs(parts - Decimal(snapshot.paid_amount)) <= Decimal("0.02")


def test_buyer_is_known_by_account_or_address_and_counts_earlier_paid_orders(
    shop: OscarShop, portal_stand_in: Recorder
) -> None:
    account, again, first, second = [
        shop.visitor(CODE).buy({"MUG-1": 1}, account="olena@example.test"),
        shop.visitor().buy({"MUG-1": 1}, account="olena@example.test"),
        shop.visitor().buy({"MUG-1": 1}, guest="twice@example.test"),
        shop.visitor().buy({"MUG-1": 1}, guest="Twice@Example.test"),
    ]
    sent = report(shop, portal_stand_in)
    earlier = [sent[number].customer.earlier_paid_orders for number in (account, again, first, second)]
    assert earlier == [0, 1, 0, 1]
    assert sent[account].customer.external_id == sent[again].customer.external_id is not None
    assert (sent[first].referral_code, sent[first].code_source) == (None, None)


def test_settled_refunds_count_and_order_not_captured_is_open(
    shop: OscarShop, portal_stand_in: Recorder
) -> None:
    paid = shop.visitor(CODE).buy(BOTH, guest="refunds@example.test")
    on_delivery = shop.visitor(CODE).buy({"MUG-1": 1}, guest="on-delivery@example.test")
    before = report(shop, portal_stand_in)
    assert (before[on_delivery].status, before[on_delivery].paid_amount) == ("open", "0")

    shop.manage("refund", paid, "--sku", "MUG-1")
    shop.manage("refund", paid, "--amount", "10.00")
    shop.manage("refund", paid, "--amount", "5.00", "--status", "Pending")
    after = report(shop, portal_stand_in)
    assert set(after) == {paid}, "only what changed is sent again"
    assert after[paid].version > before[paid].version
    assert after[paid].paid_amount == before[paid].paid_amount
    piece, free = after[paid].refunds
    assert (piece.amount, [line.amount for line in piece.lines]) == ("239.99", ["199.99"])
    assert (free.amount, free.lines) == ("10", ())


@pytest.mark.parametrize("status", [500, 422])
def test_report_that_is_not_accepted_is_sent_until_it_is(
    shop: OscarShop, portal_stand_in: Recorder, status: int
) -> None:
    number = shop.visitor(CODE).buy({"MUG-1": 1}, guest=f"retry-{status}@example.test")
    portal_stand_in.status = status
    refused = report(shop, portal_stand_in)[number]
    portal_stand_in.status = 201
    assert report(shop, portal_stand_in)[number] == refused
    assert report(shop, portal_stand_in) == {}
