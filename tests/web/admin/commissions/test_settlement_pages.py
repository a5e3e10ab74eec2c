"""The settlement ledger and the audit of an order reference."""

from __future__ import annotations

import pytest

from models import OrderItem, PaymentEvent, RailFailure, Refcode, User
from tests.factories import (
    make_assist,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_vendor,
)
from tests.web.pages import text_of
from tests.web.visitor import Visitor

LEDGER = "/admin/store/commissions"
AUDIT = "/admin/audit"


def test_ledger_shows_the_breakdown(as_admin: Visitor) -> None:
    settlement = make_settlement(make_vendor(name="Tea House"), 123_400)
    page = as_admin.get(LEDGER)
    assert page.status_code == 200
    text = text_of(page)
    for expected in (
        "Tea House",
        settlement.order_reference,
        "1,234.00",
        "-246.80 UAH",
        "-61.70 UAH",
        "925.50",
        "Product 7: 5%",
    ):
        assert expected in text, expected


def test_breakdown_names_a_line_without_a_product(as_admin: Visitor, owner: User) -> None:
    vendor = make_vendor()
    order = make_order(owner, [(make_product(vendor, name="Herbal tea"), 1)], paid=True)
    settlement = make_settlement(vendor, order_id=order.id, order_reference=order.order_reference)
    settlement.metadata["commissionBreakdown"]["referralByItem"][0]["productId"] = None
    settlement.save()
    page = text_of(as_admin.get(f"{AUDIT}?orderReference={order.order_reference}"))
    assert "Product no longer listed: 5%" in page
    OrderItem.update(product=None).where(OrderItem.order == order.id).execute()
    page = text_of(as_admin.get(f"{AUDIT}?orderReference={order.order_reference}"))
    assert "Herbal tea: 5%" in page
    assert "None" not in page


_ITEM = {"productId": None, "percent": "5", "source": "default", "subtotal": "10", "amount": "1"}
# As another program may have written them.
_BREAKDOWNS: list[dict[str, object]] = [
    {},
    {"referralByItem": None, "customSplits": None},
    {"referralByItem": [{}], "customSplits": [{}], "referralEffectivePercent": None},
    {"referralByItem": [{**_ITEM, "amount": "1.005"}], "referralEffectivePercent": "five"},
    {"referralByItem": [{**_ITEM, "percent": "1e999999999", "source": "campaign", "amount": 0.5}]},
    {"referralByItem": [{**_ITEM, "amount": "free"}], "referralEffectivePercent": "NaN"},
    {
        "customSplits": [
            {"recipientId": "r-1", "amount": "9" * 30, "percent": "Infinity", "description": None}
        ]
    },
]


def test_stored_breakdown_of_any_form_is_shown(as_admin: Visitor, as_seller: Visitor, seller: User) -> None:
    vendor = make_vendor(user=seller)
    for number, breakdown in enumerate(_BREAKDOWNS):
        make_settlement(
            vendor, 2_000, currency="JPY", metadata={"commissionBreakdown": breakdown, "simulated": number}
        )
    reduced = make_settlement(vendor, 2_000, currency="JPY")
    reduced.metadata["original"] = {"amount": "3000.00", "commission": "x", "netPayout": None}
    reduced.save()
    for path, browser in ((LEDGER, as_admin), ("/vendor/earnings", as_seller)):
        page = browser.get(path)
        assert page.status_code == 200, path
        text = text_of(page)
        assert "free" in text, path
        assert text.count("Platform commission") == len(_BREAKDOWNS) + 1, path
    assert text_of(as_admin.get(LEDGER)).count("-¥400") == len(_BREAKDOWNS) + 1
    assert as_admin.get(f"{AUDIT}?orderReference={reduced.order_reference}").status_code == 200


@pytest.mark.parametrize("locale", ["uk", "ru"])
def test_ledger_formats_numbers_by_locale(as_admin: Visitor, locale: str) -> None:
    make_settlement(make_vendor(), 123_400)
    text = text_of(as_admin.get(f"/{locale}{LEDGER}"))
    assert "1 234,00" in text.replace("\u202f", " ")


def test_ledger_filters_by_reference(as_admin: Visitor) -> None:
    vendor = make_vendor()
    settlements = [make_settlement(vendor) for _ in range(2)]
    matches = as_admin.get(LEDGER, query_string={"orderReference": f" {settlements[0].order_reference} "})
    assert matches.text.count('<tr id="settlement-') == 1
    assert as_admin.get(f"{LEDGER}?orderReference=nothing").status_code == 200
    for query in ("cursor=", "orderReference=%27%3B--"):
        assert as_admin.get(f"{LEDGER}?{query}").status_code == 200, query


def test_totals_are_per_currency(as_admin: Visitor) -> None:
    vendor = make_vendor()
    make_settlement(vendor, 100_000)
    make_settlement(vendor, 100_000, currency="USD")
    make_settlement(vendor, 100_000, "held", failure_reason="commission_exceeds_subtotal")
    text = text_of(as_admin.get(LEDGER))
    for expected in ("750.00 UAH", "$750.00", "1 settlement"):
        assert expected in text, expected


def test_simulated_payout_is_marked(as_admin: Visitor) -> None:
    settlement = make_settlement(make_vendor(), status="completed", transaction_id="sim_1")
    settlement.metadata["simulated"] = True
    settlement.save()
    assert "Simulated" in text_of(as_admin.get(LEDGER))


def test_ledger_and_audit_require_an_admin(client: Visitor, as_owner: Visitor, as_seller: Visitor) -> None:
    for url in (LEDGER, AUDIT):
        assert client.get(url).location == f"/login?next={url}"
        assert as_owner.get(url).status_code == 403
        assert as_seller.get(url).status_code == 403
        assert as_owner.submit(url).status_code in (403, 405)


# ---------------------------------------------------------------------- audit


def test_audit_shows_every_ledger_of_an_order(as_admin: Visitor, owner: User, code: Refcode) -> None:
    order = make_order(owner, code=code, paid=True)
    make_payment(order, "paid")
    settlement = make_settlement(make_vendor(name="Tea House"), order_reference=order.order_reference)
    make_assist(settlement, code)
    make_reward(code, order_reference=order.order_reference)
    for locale in ("en", "uk", "ru"):
        page = as_admin.get(f"/{locale}{AUDIT}", query_string={"orderReference": order.order_reference})
        assert page.status_code == 200
        for part in ("payment", "attribution", "reward", "settlements", "events"):
            assert f'id="audit-{part}"' in page.text
    text = text_of(as_admin.get(f"/en{AUDIT}", query_string={"orderReference": order.order_reference}))
    for expected in ("Tea House", code.code, "1,000.00", "No differences found", "1 sales assist"):
        assert expected in text, expected


def test_audit_lists_missing_entries(as_admin: Visitor, owner: User, code: Refcode) -> None:
    order = make_order(owner, code=code, paid=True)
    make_payment(order, "paid")
    text = text_of(as_admin.get(AUDIT, query_string={"orderReference": order.order_reference}))
    assert "it has no settlements" in text
    assert "it has no reward" in text
    assert "No differences found" not in text


def test_audit_of_unknown_reference_is_empty(as_admin: Visitor) -> None:
    for reference in ("nothing", "'; --", "<script>", "x" * 2_000):
        page = as_admin.get(AUDIT, query_string={"orderReference": reference})
        assert page.status_code == 200
        assert 'id="audit-payment"' not in page.text
        assert "<script>alert" not in page.text


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_audit_lists_unmatched_callbacks_with_any_reason(as_admin: Visitor, locale: str) -> None:
    reasons = ("malformed", "bad_signature", "wrong_merchant", "wrong_amount", "wrong_currency", "unknown_reference",
               "unknown_status", "paid_by_other_means", "refund", "refund_exceeds", "refund_waits", "something new",
               None)  # fmt: skip
    for number, reason in enumerate(reasons):
        PaymentEvent.insert(
            provider="wayforpay",
            order_reference=f"store_<b>_{number}",
            authentic=True,
            outcome="unmatched",
            reason=reason,
            payload="{}",
        ).execute()
    page = as_admin.get(f"/{locale}{AUDIT}")
    assert page.status_code == 200
    for number, reason in enumerate(reasons):
        assert f"store_&lt;b&gt;_{number}" in page.text, reason


def test_audit_shows_failed_ledger_entries(as_admin: Visitor) -> None:
    RailFailure.insert(order_reference="store_a_1", rail="reward", reason="KeyError: 'x'").execute()
    text = text_of(as_admin.get(AUDIT))
    assert "store_a_1" in text
    assert "KeyError" in text
