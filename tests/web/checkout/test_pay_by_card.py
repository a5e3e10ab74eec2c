"""Card payments: the signed form posted to the provider and the return URL. See docs/rules/payments.md."""

from __future__ import annotations

import pytest

from models import Order, PaymentTransaction, Product, Refcode, ReferralReward, User
from portal.payments import parse_reference
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.settings import TEST_MERCHANT_SECRET
from tests.factories import make_order, make_payment, make_product
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields
from tests.web.visitor import Visitor

PROVIDER = "http://localhost/dev/wayforpay/pay"


@pytest.fixture
def product(database: str) -> Product:
    return make_product(name="Чай; <гірський> & 'мед'", price_minor=24_050)


def test_page_posts_a_form_the_provider_accepts(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 3))
    page = as_owner.check_out("wayforpay", prefix="/ru")
    assert page.status_code == 200
    fields = form_fields(page, PROVIDER)
    verify_purchase(TEST_MERCHANT_SECRET, fields)
    assert fields["amount"] == ["721.50"]
    assert fields["language"] == ["RU"]
    assert fields["merchantTransactionSecureType"] == ["AUTO"]
    assert fields["productName[]"] == ["Чай <гірський> & 'мед'"]
    order = Order.get()
    assert fields["orderReference"] == [order.order_reference]
    assert fields["returnUrl"] == [f"http://localhost/ru/checkout/return/{order.order_reference}"]
    assert "csrf_token" not in fields
    assert "data-autosubmit" in page.text
    assert (order.status, PaymentTransaction.get().status) == ("created", "redirected")
    assert as_owner.cart() == {}


def test_referral_flash_is_stashed(as_owner: Visitor, product: Product, code: Refcode) -> None:
    as_owner.fill_cart((product.id, 1))
    as_owner.set_cookie("ring_ref", code.code)
    page = as_owner.check_out("wayforpay")
    stash = page.text.split("data-stash-flash=")[1].split(">")[0]
    assert code.code in stash
    assert Order.get().referral_code == code.code


def test_nothing_is_stashed_without_a_referral(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    page = as_owner.check_out("wayforpay")
    assert "data-stash-flash" not in page.text


def test_repeated_form_places_one_order(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    form = {**as_owner.reviewed(), "method": "wayforpay"}
    first = form_fields(as_owner.submit("/checkout", form), PROVIDER)
    repeated = form_fields(as_owner.submit("/checkout", form), PROVIDER)
    assert first["orderReference"] == repeated["orderReference"]
    assert Order.select().count() == PaymentTransaction.select().count() == 1


def test_configured_provider_page_is_used_and_allowed_by_the_policy(
    make_app: MakeApp, owner: User, product: Product
) -> None:
    url = "https://secure.wayforpay.com/pay"
    browser = visitor(make_app(wayforpay_pay_url=url), owner)
    browser.fill_cart((product.id, 1))
    page = browser.check_out("wayforpay")
    verify_purchase(TEST_MERCHANT_SECRET, form_fields(page, url))
    assert "form-action 'self' https://secure.wayforpay.com;" in page.headers["Content-Security-Policy"]


def test_empty_cart_places_no_order(as_owner: Visitor) -> None:
    page = as_owner.check_out("wayforpay")
    assert page.status_code == 422
    assert not Order.select().exists()


def test_insufficient_stock_places_no_order(as_owner: Visitor) -> None:
    as_owner.fill_cart((make_product(stock=1).id, 2))
    page = as_owner.check_out("wayforpay")
    assert page.status_code == 409
    assert 'class="error-summary"' in page.text
    assert not Order.select().exists()
    assert as_owner.cart()


def test_payment_requires_csrf_token_and_sign_in(
    as_owner: Visitor, client: Visitor, product: Product
) -> None:
    as_owner.fill_cart((product.id, 1))
    assert as_owner.post("/checkout", data={"method": "wayforpay", "csrf_token": "forged"}).status_code == 400
    assert client.submit("/checkout", {"method": "wayforpay"}).status_code == 401
    assert not Order.select().exists()


# ---------------------------------------------------------------------- paying an existing order


def test_failed_payment_is_retried_with_a_new_reference(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    make_payment(order, "failed")
    fields = form_fields(as_owner.submit(f"/checkout/pay/{order.id}"), PROVIDER)
    verify_purchase(TEST_MERCHANT_SECRET, fields)
    # The provider accepts a reference only once, so each attempt has its own.
    (new_reference,) = fields["orderReference"]
    assert new_reference != order.order_reference
    assert Order.get_by_id(order.id).order_reference == new_reference
    assert parse_reference(new_reference).entity_id == order.id
    # An unfinished attempt keeps its reference.
    repeated = form_fields(as_owner.submit(f"/checkout/pay/{order.id}"), PROVIDER)
    assert repeated["orderReference"] == [new_reference]
    assert PaymentTransaction.select().count() == 2


def test_pending_payment_is_not_restarted(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    make_payment(order, "pending")
    assert as_owner.submit(f"/checkout/pay/{order.id}").status_code == 409
    assert "Pay now" not in as_owner.get("/orders").text


def test_page_of_declined_attempt_offers_another(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    make_payment(order, "failed")
    page = f"/checkout/processing/{order.order_reference}"
    as_owner.submit(f"/checkout/pay/{order.id}")
    assert "Pay now" in as_owner.get(page).text
    Order.update(status="paid").where(Order.id == order.id).execute()
    assert "Pay now" not in as_owner.get(page).text


def test_order_of_another_user_is_not_found(as_other: Visitor, owner: User) -> None:
    assert as_other.submit(f"/checkout/pay/{make_order(owner).id}").status_code == 404
    assert not PaymentTransaction.select().exists()


def test_paid_order_is_not_paid_again(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    assert as_owner.submit(f"/checkout/pay/{order.id}").status_code == 409


def test_paying_later_refuses_get(as_owner: Visitor, owner: User) -> None:
    assert as_owner.get(f"/checkout/pay/{make_order(owner).id}").status_code == 405


# ---------------------------------------------------------------------- the return URL


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("prefix", ["", "/uk"])
def test_return_url_does_not_mark_the_order_paid(
    client: Visitor, owner: User, method: str, prefix: str
) -> None:
    order = make_order(owner)
    make_payment(order)
    response = {
        "orderReference": order.order_reference,
        "transactionStatus": "Approved",
        "reasonCode": "1100",
    }
    answer = client.open(f"{prefix}/checkout/return/{order.order_reference}", method=method, data=response)
    assert answer.status_code == 303
    assert answer.location == f"{prefix}/checkout/processing/{order.order_reference}"
    assert PaymentTransaction.get().status == "redirected"
    assert Order.get_by_id(order.id).status == "created"
    assert not ReferralReward.select().exists()


def test_return_with_unknown_reference_redirects_locally(client: Visitor) -> None:
    answer = client.post("/checkout/return/no%2Fsuch")
    assert answer.status_code in (303, 404)
    assert "//" not in answer.headers.get("Location", "")


# ---------------------------------------------------------------------- membership


def test_membership_form_is_posted_to_the_provider(as_owner: Visitor, owner: User) -> None:
    fields = form_fields(as_owner.submit("/uk/membership", {"tier": "CONFIDENTIAL"}), PROVIDER)
    verify_purchase(TEST_MERCHANT_SECRET, fields)
    assert fields["amount"] == ["999.00"]
    assert fields["language"] == ["UA"]
    assert PaymentTransaction.get().user_id == owner.id


@pytest.mark.parametrize(("tier", "status"), [("SUBSCRIBER", 409), ("GOLD", 422), ("", 422)])
def test_tier_not_for_sale_is_refused(as_owner: Visitor, tier: str, status: int) -> None:
    assert as_owner.submit("/membership", {"tier": tier}).status_code == status
    assert not PaymentTransaction.select().exists()
