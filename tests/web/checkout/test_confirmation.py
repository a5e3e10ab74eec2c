"""What the buyer confirmed is what happens: otherwise nothing does. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import CreditEntry, Order, PaymentTransaction, Product, Refcode, User, Wallet
from portal.payments import credit_balance
from tests.factories import give_credit, make_order, make_product
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

CREDIT = 1_000_000
CHANGED = "Your order has changed since you reviewed it."


@pytest.fixture
def tea(database: str) -> Product:
    return make_product(name="Mountain tea", price_minor=24_000, stock=10)


@pytest.fixture
def teapot(database: str) -> Product:
    return make_product(name="A teapot", price_minor=98_000, stock=10)


@pytest.fixture
def buyer(as_owner: Visitor, owner: User, tea: Product, code: Refcode) -> Visitor:
    """Return a buyer with credit, a referral and two packets of tea in the cart."""
    give_credit(owner, CREDIT)
    as_owner.set_cookie("ring_ref", code.code)
    as_owner.fill_cart((tea.id, 2))
    return as_owner


def change_tea(**values: object) -> None:
    Product.update(**values).where(Product.name == "Mountain tea").execute()


def drop_referral(buyer: Visitor) -> None:
    Refcode.update(active=False).execute()


def link_wallet_of_referrer(buyer: Visitor) -> None:
    buyer_id = User.select(User.id).where(User.name == "Olena Owner")
    Wallet.update(user=buyer_id).where(Wallet.address == Refcode.get().wallet_address).execute()


def lose_reward(buyer: Visitor) -> None:
    Product.update(referral_percent=0).execute()


Change = Callable[[Visitor], None]
CHANGES: dict[str, tuple[Change, str]] = {
    "added": (
        lambda buyer: buyer.fill_cart((find("Mountain tea"), 2), (find("A teapot"), 1)),
        "A teapot was added: 1.",
    ),
    "removed": (
        lambda buyer: buyer.fill_cart((find("A teapot"), 1)),
        "Mountain tea is no longer in the order.",
    ),
    "more": (lambda buyer: buyer.fill_cart((find("Mountain tea"), 3)), "has changed from 2 to 3."),
    "dearer": (lambda buyer: change_tea(price_minor=24_001), "has changed from UAH 240.00 to UAH 240.01."),
    "cheaper": (lambda buyer: change_tea(price_minor=1), "The total has changed"),
    "withdrawn": (lambda buyer: change_tea(active=False), "Mountain tea is no longer for sale."),
    "scarce": (lambda buyer: change_tea(stock=1), "has changed from 2 to 1."),
    "sold out": (lambda buyer: change_tea(stock=-2), "Mountain tea is sold out."),
    "currency": (lambda buyer: change_tea(currency="USD"), "The total has changed"),
    "referral lost": (drop_referral, "is no longer credited."),
    "self-referral": (link_wallet_of_referrer, "is no longer credited."),
    "reward lost": (lose_reward, "This order no longer earns a referral reward."),
}


def find(name: str) -> int:
    return int(Product.get(Product.name == name).id)


def assert_untouched(owner: User) -> None:
    assert not Order.select().exists()
    assert not PaymentTransaction.select().exists()
    assert credit_balance(owner.id, "UAH") == CREDIT


@pytest.mark.parametrize("method", ["credit", "wayforpay"])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_order_is_reviewed_again(
    buyer: Visitor, owner: User, teapot: Product, method: str, change: str
) -> None:
    form = {**buyer.reviewed(), "method": method}
    make_change, expected = CHANGES[change]
    make_change(buyer)
    page = buyer.submit("/checkout", form)
    assert page.status_code == 409
    assert CHANGED in text_of(page)
    assert expected.replace("UAH ", "") in text_of(page).replace("UAH ", "").replace(" UAH", "")
    assert_untouched(owner)


def test_second_tab_is_charged_only_after_the_new_review(
    buyer: Visitor, owner: User, tea: Product, teapot: Product
) -> None:
    form = {**buyer.reviewed(), "method": "credit"}
    buyer.fill_cart((tea.id, 2), (teapot.id, 1))
    page = buyer.submit("/checkout", form)
    assert "1,460.00" in text_of(page)
    assert buyer.check_out("credit").status_code == 303
    assert credit_balance(owner.id, "UAH") == CREDIT - 146_000
    assert Order.get().total_minor == 146_000


def test_referral_gained_since_the_review_is_a_change(
    as_owner: Visitor, owner: User, tea: Product, code: Refcode
) -> None:
    give_credit(owner, CREDIT)
    as_owner.fill_cart((tea.id, 1))
    form = {**as_owner.reviewed(), "method": "credit"}
    as_owner.set_cookie("ring_ref", code.code)
    page = as_owner.submit("/checkout", form)
    assert (page.status_code, f"Referral code {code.code} is credited now." in text_of(page)) == (409, True)
    assert_untouched(owner)
    assert as_owner.check_out("credit").status_code == 303


def test_first_purchase_lost_since_the_review_is_a_change(buyer: Visitor, owner: User, code: Refcode) -> None:
    form = {**buyer.reviewed(), "method": "credit"}
    make_order(owner, paid=True)
    page = buyer.submit("/checkout", form)
    assert (page.status_code, f"Referral code {code.code} is no longer credited." in text_of(page)) == (
        409,
        True,
    )
    assert not CreditEntry.select().where(CreditEntry.amount_minor < 0).exists()


def test_form_without_a_valid_review_of_this_buyer_orders_nothing(
    buyer: Visitor, as_other: Visitor, owner: User, tea: Product
) -> None:
    as_other.fill_cart((tea.id, 2))
    foreign = as_other.reviewed()["review"]
    own = buyer.reviewed()["review"]
    for token in ("", "forged", own[:-1], own + "x", foreign):
        page = buyer.submit("/checkout", {"method": "credit", "checkoutKey": "key", "review": token})
        assert page.status_code == 409, token
        assert CHANGED in text_of(page)
    assert_untouched(owner)


def test_unchanged_order_is_placed_once(buyer: Visitor) -> None:
    form = {**buyer.reviewed(), "method": "credit"}
    assert [buyer.submit("/checkout", form).status_code for _ in range(2)] == [303, 303]
    assert Order.select().count() == 1


# ---------------------------------------------------------------------- the API


def items(tea: Product, quantity: int = 2) -> dict[str, object]:
    return {"items": [{"productId": tea.id, "quantity": quantity}]}


def test_api_review_is_confirmed_by_its_token(
    buyer: Visitor, owner: User, tea: Product, code: Refcode
) -> None:
    review = buyer.send("/api/store/review", items(tea)).get_json()
    assert (review["total"], review["currency"], review["earnsReward"]) == ("480.00", "UAH", True)
    assert (review["referralApplied"], review["referralCode"]) == (True, code.code)
    token = review["reviewToken"]
    assert_untouched(owner)
    order = buyer.send("/api/store/orders", {**items(tea), "reviewToken": token})
    assert order.status_code == 201
    body = {"orderId": order.get_json()["orderId"], "reviewToken": token}
    assert buyer.send("/api/store/payments/wayforpay", body).status_code == 200
    assert buyer.send("/api/store/payments/credit", body).get_json()["success"] is True
    assert credit_balance(owner.id, "UAH") == CREDIT - 48_000


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ("dearer", {"items.{}", "total"}),
        ("referral lost", {"referral"}),
        ("reward lost", {"referral"}),
    ],
)
def test_api_order_that_differs_from_its_review_is_refused(
    buyer: Visitor, owner: User, tea: Product, change: str, fields: set[str]
) -> None:
    token = buyer.send("/api/store/review", items(tea)).get_json()["reviewToken"]
    CHANGES[change][0](buyer)
    answer = buyer.send("/api/store/orders", {**items(tea), "reviewToken": token})
    assert answer.status_code == 409
    error = error_of(answer)
    assert error["code"] == "review_changed"
    assert set(error["fields"]) == {name.format(tea.id) for name in fields}
    assert_untouched(owner)


@pytest.mark.parametrize("way", ["credit", "wayforpay"])
def test_api_payment_that_differs_from_its_review_is_refused(
    buyer: Visitor, owner: User, tea: Product, way: str
) -> None:
    token = buyer.send("/api/store/review", items(tea, 1)).get_json()["reviewToken"]
    order_id = buyer.send("/api/store/orders", items(tea)).get_json()["orderId"]
    answer = buyer.send(f"/api/store/payments/{way}", {"orderId": order_id, "reviewToken": token})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "review_changed")

    drop_referral(buyer)
    now = buyer.send("/api/store/review", items(tea)).get_json()
    assert now["referralApplied"] is False
    body = {"orderId": order_id, "reviewToken": now["reviewToken"]}
    assert buyer.send(f"/api/store/payments/{way}", body).status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 8192])
def test_api_refuses_a_malformed_token(buyer: Visitor, owner: User, tea: Product, token: str) -> None:
    answer = buyer.send("/api/store/orders", {**items(tea), "reviewToken": token})
    assert (answer.status_code, error_of(answer)["code"]) == (422, "review_invalid")
    assert set(error_of(answer)["fields"]) == {"reviewToken"}
    assert_untouched(owner)


@pytest.mark.parametrize("way", ["credit", "wayforpay"])
def test_api_checks_the_unpaid_order_without_a_token(buyer: Visitor, tea: Product, way: str) -> None:
    order_id = buyer.send("/api/store/orders", items(tea)).get_json()["orderId"]
    for values, code in (
        ({"stock": 1}, "stock_short"),
        ({"stock": 9, "price_minor": 1}, "price_changed"),
        ({"active": False}, "product_withdrawn"),
    ):
        change_tea(**values)
        answer = buyer.send(f"/api/store/payments/{way}", {"orderId": order_id})
        assert (answer.status_code, error_of(answer)["code"]) == (409, code)
        assert set(error_of(answer)["fields"]) == {"orderId"}


def test_free_order_is_complete_on_the_page_and_in_the_api(
    as_owner: Visitor, as_other: Visitor, tea: Product
) -> None:
    change_tea(price_minor=0)
    as_owner.fill_cart((tea.id, 1))
    assert "There is nothing to pay for this order." in text_of(as_owner.get("/checkout"))
    assert as_owner.check_out("credit").status_code == 303
    placed = as_other.send("/api/store/orders", items(tea)).get_json()
    assert [order.status for order in Order.select()] == ["paid", "paid"]
    body = {"orderId": placed["orderId"]}
    assert as_other.send("/api/store/payments/credit", body).get_json()["success"] is True
    form = as_other.send("/api/store/payments/wayforpay", body).get_json()
    assert (form["method"], form["fields"]) == ("GET", {})
    assert form["action"].endswith(f"/checkout/processing/{placed['orderReference']}")


def test_review_of_a_sale_that_earns_nothing_promises_nothing(buyer: Visitor) -> None:
    Product.update(referral_percent=0).execute()
    page = buyer.get("/checkout")
    assert 'class="referral-badge"' not in page.text
    assert "This order earns no referral reward." in text_of(page)


@pytest.mark.parametrize("stock", [-3, 0])
def test_public_stock_is_never_negative(buyer: Visitor, tea: Product, stock: int) -> None:
    change_tea(stock=stock)
    assert [row["stock"] for row in buyer.get("/api/store/products").get_json()] == [0]
    for path in ("/", f"/products/{tea.slug}", "/cart", "/checkout"):
        assert "-3" not in text_of(buyer.get(path)), path
