"""Every field for an amount: one grammar, errors that name the field, never a failure. See docs/rules/payments.md."""

from __future__ import annotations

import pytest

from models import CreditBalance, MerchantConfig, PaymentRefund, PaymentTransaction, User, Vendor
from portal.payments import credit_balance
from tests.factories import give_credit, make_order, make_payment, make_product, make_settlement, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

REFUSED = [
    "1.001", "0,005", "1e5", "NaN", "Infinity", "-Infinity", "+5", "--5", "٥", "５", "1,234", "1.234,50", "1 23", "$5",
    "9" * 17, "9" * 40, "9" * 5000, "92233720368547758.08", "0x10", "1_000", "\u22125",
]  # fmt: skip
ACCEPTED = [
    ("1 234,50", 123_450),
    ("1\u00a0234.5", 123_450),
    ("1,234.50", 123_450),
    (" 5 ", 500),
    ("0,01", 1),
]


def refund_form(owner: User, amount: str) -> dict[str, str]:
    order = make_order(owner, [(make_product(price_minor=1_000_000), 1)], paid=True)
    payment = make_payment(order, "paid")
    return {
        "orderReference": payment.order_reference, "amount": amount, "reason": "late", "refundKey": "k",
    }  # fmt: skip


def credit_form(owner: User, amount: str, currency: str = "UAH") -> dict[str, str]:
    return {
        "account": owner.email,
        "amount": amount,
        "currency": currency,
        "reason": "gift",
        "creditKey": "k",
    }


def test_refused_amounts_name_their_field_and_change_nothing(as_admin: Visitor, owner: User) -> None:
    vendor = make_vendor()
    for amount in REFUSED:
        posts: list[tuple[str, dict[str, str], str]] = [
            ("/admin/audit/refund", refund_form(owner, amount), "amount"),
            ("/admin/credit", credit_form(owner, amount), "amount"),
            (
                f"/admin/store/commissions/vendors/{vendor.id}",
                {**terms_form(), "minimum_payout": amount},
                "minimum_payout",
            ),
        ]
        for path, form, field in posts:
            page = as_admin.submit(path, form)
            assert page.status_code == 422, (path, page.status_code)
            assert f'id="{field}-error"' in page.text, path
        page = as_admin.get("/admin/refcodes", query_string={"leastUsd": amount[:200]})
        assert page.status_code in (200, 422), amount
        assert 'id="leastUsd-error"' in page.text, amount
        assert (
            as_admin.get("/admin/refcodes.csv", query_string={"leastUsd": amount[:200]}).status_code == 422
        ), amount
        assert not PaymentRefund.select().exists(), amount
        assert not CreditBalance.select().exists(), amount
        assert MerchantConfig.get(MerchantConfig.vendor == vendor.id).minimum_payout_minor == 0, amount


@pytest.mark.parametrize(("amount", "minor"), ACCEPTED)
def test_amounts_are_accepted_as_people_type_them(
    as_admin: Visitor, owner: User, amount: str, minor: int
) -> None:
    vendor = make_vendor()
    give_credit(owner, 1)
    assert as_admin.submit("/admin/credit", credit_form(owner, amount)).status_code == 303
    assert credit_balance(owner.id, "UAH") == minor + 1
    assert (
        as_admin.submit(
            f"/admin/store/commissions/vendors/{vendor.id}", {**terms_form(), "minimum_payout": amount}
        ).status_code
        == 303
    )
    assert MerchantConfig.get(MerchantConfig.vendor == vendor.id).minimum_payout_minor == minor
    as_admin.submit("/admin/audit/refund", refund_form(owner, amount))
    assert PaymentRefund.get().amount_minor == minor
    page = as_admin.get("/admin/refcodes", query_string={"leastUsd": amount})
    assert (page.status_code, "leastUsd-error" in page.text) == (200, False)


def test_credit_follows_the_decimals_of_its_currency(as_admin: Visitor, owner: User) -> None:
    page = as_admin.submit("/admin/credit", credit_form(owner, "5.5", "JPY"))
    assert (page.status_code, "at most 0 decimals" in text_of(page)) == (422, True)
    assert as_admin.submit("/admin/credit", credit_form(owner, "5.125", "KWD")).status_code == 303
    assert credit_balance(owner.id, "KWD") == 5_125
    assert "5.125 KWD" in text_of(as_admin.get(f"/admin/credit?account={owner.email}"))


@pytest.mark.parametrize("currency", ["XYZ", "BTC", "", "ＵＡＨ", "UAH; DROP", "9" * 300])
def test_unknown_currencies_are_refused_with_their_field(
    as_admin: Visitor, owner: User, currency: str
) -> None:
    page = as_admin.submit("/admin/credit", credit_form(owner, "5", currency))
    assert (page.status_code, 'id="currency-error"' in page.text) == (422, True)
    assert not CreditBalance.select().exists()
    if currency:
        page = as_admin.get("/admin/store/commissions", query_string={"currency": currency})
        assert "is unknown" in text_of(page)
        answer = as_admin.get("/admin/store/commissions.csv", query_string={"currency": currency})
        assert answer.status_code == 422


def test_refund_of_a_payment_in_yen_has_no_decimals(as_admin: Visitor, owner: User) -> None:
    order = make_order(
        owner, [(make_product(price_minor=1_000, currency="JPY"), 1)], paid=True, currency="JPY"
    )
    payment: PaymentTransaction = make_payment(order, "paid", currency="JPY")
    form = {"orderReference": payment.order_reference, "amount": "10.50", "reason": "late", "refundKey": "k"}
    page = as_admin.submit("/admin/audit/refund", form)
    assert page.status_code == 422
    assert "An amount in JPY has no decimals." in text_of(page)


def test_refund_beyond_what_a_balance_holds_is_refused(as_admin: Visitor, owner: User) -> None:
    order = make_order(owner, [(make_product(price_minor=1_000), 1)], paid=True)
    payment = make_payment(order, "paid", processor="internal_credit", rail="internal_credit")
    CreditBalance.insert(user_id=owner.id, currency="UAH", balance_minor=2**63 - 1).execute()
    form = {"orderReference": payment.order_reference, "amount": "", "reason": "late", "refundKey": "k"}
    page = as_admin.submit("/admin/audit/refund", form)
    assert page.status_code == 422
    assert "92,233,720,368,547,758.07 UAH" in text_of(page)
    assert not PaymentRefund.select().exists()


def test_sums_beyond_a_column_are_shown(as_admin: Visitor, seller: User, as_seller: Visitor) -> None:
    vendor = Vendor.get(Vendor.user == seller.id)
    for _ in range(3):
        make_settlement(vendor, 2**62)
    for page in ("/admin/store/commissions", "/admin/store/commissions/payouts", "/admin/journal"):
        assert as_admin.get(page).status_code == 200
    assert as_seller.get("/vendor/earnings").status_code == 200


def terms_form() -> dict[str, str]:
    return {"platform_percent": "", "referral_percent": "", "payout_frequency": "WEEKLY", "hold_days": "3",
            "minimum_payout": "0", "reserve_percent": "0", "payout_wallet": ""}  # fmt: skip
