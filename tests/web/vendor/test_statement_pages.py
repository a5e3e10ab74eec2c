"""`/vendor/statements` and `/admin/statements`: what a vendor owes for sales whose money the store collected."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import CommissionStatement, MailOutbox, PaymentTransaction, Settlement, User, Vendor
from portal.commissions import void_statement
from portal.flows.statements.open_statements import open_statements
from portal.lib.clock import utc_now
from portal.web.text.letters import composer
from tests.factories import ACTOR, make_settlement, make_user, make_vendor
from tests.flows.conftest import settings_with
from tests.web.conftest import MakeApp
from tests.web.pages import text_of
from tests.web.production import PRODUCTION, browse
from tests.web.visitor import Visitor


def open_for(vendor: Vendor, amount: int = 200_000) -> CommissionStatement:
    """Open a statement of one sale of a vendor, with a quarter of it as commission."""
    make_settlement(vendor, amount, collected_by="store", created_at=utc_now() - timedelta(hours=1))
    (statement_id,) = open_statements(None, settings_with(), ACTOR)
    return CommissionStatement.get_by_id(statement_id)


def test_vendor_sees_only_own_statements(as_seller: Visitor, seller: User) -> None:
    own = open_for(Vendor.get(Vendor.user == seller.id))
    foreign = open_for(make_vendor(make_user(role="vendor"), name="Other vendor"))
    make_settlement(Vendor.get(Vendor.user == seller.id), 10_000, collected_by="store")
    listed = text_of(as_seller.get("/vendor/statements"))
    for expected in (f"Statement {own.id}", "500.00", "25.00", "Open"):
        assert expected in listed, expected
    assert "Other vendor" not in listed
    answer = as_seller.get(f"/vendor/statements/{own.id}")
    # On paper there is no button to press before the "or".
    assert '<p class="no-print">Or transfer' in answer.text
    assert '<p class="print-only">Transfer 500.00' in answer.text
    page = text_of(answer)
    assert Settlement.get().order_reference in page
    assert "Mark as paid" not in page
    assert as_seller.get(f"/vendor/statements/{foreign.id}").status_code == 404
    assert as_seller.get(f"/vendor/statements/{foreign.id}.csv").status_code == 404
    assert as_seller.get("/vendor/statements/99999999999999999999").status_code == 404
    assert as_seller.post(f"/admin/statements/{own.id}/pay").status_code in (400, 403)


def test_earnings_show_a_sale_that_the_store_collected_apart(as_seller: Visitor, seller: User) -> None:
    make_settlement(Vendor.get(Vendor.user == seller.id), 200_000, collected_by="store")
    page = text_of(as_seller.get("/vendor/earnings"))
    assert "Collected by the store" in page
    assert "Waiting for a statement" in page
    assert "Totals in UAH" not in as_seller.get("/vendor/earnings").text


def test_admin_marks_a_statement_as_paid(as_admin: Visitor, seller: User) -> None:
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    path = f"/admin/statements/{statement.id}"
    assert f"Statement {statement.id}" in text_of(as_admin.get("/admin/statements"))
    missing = as_admin.submit(path + "/pay", {"reference": " "})
    assert (missing.status_code, "Enter the reference" in text_of(missing)) == (422, True)
    assert as_admin.submit(path + "/pay", {"reference": "bank 77"}).status_code == 303
    page = text_of(as_admin.get(path))
    assert "bank 77" in page
    assert "Mark as paid" not in page
    again = as_admin.submit(path + "/void", {"reason": "late"})
    assert (again.status_code, "already paid or void" in text_of(again)) == (409, True)


def test_admin_voids_a_statement_with_a_reason(as_admin: Visitor, seller: User) -> None:
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    path = f"/admin/statements/{statement.id}"
    assert as_admin.submit(path + "/void", {"reason": ""}).status_code == 422
    assert as_admin.submit(path + "/void", {"reason": "wrong month"}).status_code == 303
    assert "wrong month" in text_of(as_admin.get(path))
    assert Settlement.get().status == "pending"


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "Commission statement"), ("uk", "комісі"), ("ru", "комисси")]
)
def test_owner_gets_a_letter_in_their_language(app, seller: User, locale: str, words: str) -> None:
    User.update(locale=locale, email="seller@demo.example", email_confirmed_at=utc_now()).execute()
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    letter = composer(app)(MailOutbox.get())
    assert words in letter.text
    assert f"/{locale}/vendor/statements/{statement.id}" in letter.text


def test_vendor_pays_a_statement_at_the_provider_and_returns_to_it(
    as_seller: Visitor, as_other: Visitor, seller: User
) -> None:
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    path = f"/vendor/statements/{statement.id}"
    assert "Pay 500.00 UAH" in text_of(as_seller.get(path))
    leaving = as_seller.submit(path + "/pay", {"method": "wayforpay"})
    payment = PaymentTransaction.get()
    assert leaving.status_code == 200
    assert f'value="{payment.order_reference}"' in leaving.text
    assert payment.order_reference.startswith(f"statement_{statement.id}_")
    back = f"/checkout/processing/{payment.order_reference}"
    assert (as_seller.get(back).status_code, as_seller.get(back).location) == (303, path)
    assert as_other.get(back).status_code == 404
    assert "Do not pay again" in text_of(as_seller.get(path))
    PaymentTransaction.update(status="pending").execute()
    page = as_seller.get(path)
    assert "Your bank is processing" in text_of(page)
    assert "/pay" not in page.text
    assert as_seller.submit(path + "/pay", {"method": "wayforpay"}).status_code == 409


def test_statement_of_another_vendor_or_a_decided_one_cannot_be_paid(
    as_seller: Visitor, seller: User
) -> None:
    foreign = open_for(make_vendor(make_user(role="vendor")))
    assert as_seller.submit(f"/vendor/statements/{foreign.id}/pay").status_code == 404
    own = open_for(Vendor.get(Vendor.user == seller.id))
    void_statement(own.id, "wrong month", ACTOR)
    refused = as_seller.submit(f"/vendor/statements/{own.id}/pay")
    assert (refused.status_code, "already paid or void" in text_of(refused)) == (409, True)
    assert not PaymentTransaction.select().exists()


def test_production_sends_the_vendor_to_the_real_provider(make_app: MakeApp, seller: User) -> None:
    seller_abroad = browse(make_app(**PRODUCTION), seller)
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    leaving = seller_abroad.submit(f"/vendor/statements/{statement.id}/pay")
    assert leaving.status_code == 200
    assert 'action="https://secure.wayforpay.com/pay"' in leaving.text


@pytest.mark.parametrize(("prefix", "words"), [("uk", ("Початок", "Кінець")), ("ru", ("Начало", "Конец"))])
def test_period_is_named_in_words_of_its_own(
    as_seller: Visitor, seller: User, prefix: str, words: tuple[str, str]
) -> None:
    """The audit says From and To of a status, which other languages say in other words."""
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    page = text_of(as_seller.get(f"/{prefix}/vendor/statements/{statement.id}"))
    for word in words:
        assert word in page
