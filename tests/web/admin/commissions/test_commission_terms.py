"""Product rates, the platform default and merchant terms. See docs/rules/percents.md."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import CommissionStructure, EventLog, MerchantConfig, PlatformConfig, Product, User
from tests.factories import make_product, make_vendor
from tests.support.chain_world import OPERATOR, OPERATOR_KEY
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

RATES = "/admin/store/commissions/rates"
VENDORS = "/admin/store/commissions/vendors"
TERMS = {
    "platform_percent": "10",
    "referral_percent": "5",
    "payout_frequency": "DAILY",
    "hold_days": "0",
    "minimum_payout": "12.50",
    "reserve_percent": "7.5",
    "payout_wallet": "0x" + "AB" * 20,
}
PERCENTS = ("platform_percent", "referral_percent", "reserve_percent")
INVALID_PERCENTS = ("5,5,5", "5%", "NaN", "-1", "1e2", "٥")


def percent_of(product: Product) -> Decimal | None:
    value: Decimal | None = Product.get_by_id(product.id).referral_percent
    return value


def test_source_of_each_percent_is_shown(as_admin: Visitor) -> None:
    make_product(name="Own", referral_percent=Decimal(7))
    make_product(make_vendor(config_referral_percent=Decimal(6)), name="Merchants")
    make_product(name="Default")
    text = text_of(as_admin.get(RATES))
    for expected in ("7% Product", "6% Merchant", "5% Platform default"):
        assert expected in text, expected
    PlatformConfig.update(referral_percent=None).execute()
    assert "Server setting" in text_of(as_admin.get(RATES))


@pytest.mark.parametrize(("typed", "stored"), [("7.25", Decimal("7.25")), ("0", Decimal(0)), (" ", None)])
def test_product_percent_is_saved(as_admin: Visitor, admin: User, typed: str, stored: Decimal | None) -> None:
    product = make_product(referral_percent=Decimal(9))
    response = as_admin.submit(f"{RATES}/products/{product.id}", {"percent": typed})
    assert (response.status_code, response.location) == (303, RATES)
    assert percent_of(product) == stored
    event = EventLog.get(EventLog.entity == "product")
    assert (event.actor_user_id, event.data["from"]) == (admin.id, "9")


@pytest.mark.parametrize(
    "typed",
    ["-1", "50.01", "NaN", "Infinity", "five", "1e1", "1e2", "٣", "٥", "5,5,5", "5%", "--5", "4.9999995"],
)
def test_invalid_percent_is_refused_at_its_field(as_admin: Visitor, typed: str) -> None:
    product = make_product(referral_percent=Decimal(9))
    response = as_admin.submit(f"{RATES}/products/{product.id}", {"percent": typed})
    assert response.status_code == 422
    assert f'href="#percent-{product.id}"' in response.text
    assert f'id="percent-{product.id}-error"' in response.text
    assert percent_of(product) == 9
    response = as_admin.submit(f"{RATES}/default", {"platform_percent": typed})
    assert response.status_code == 422
    assert 'href="#platform_percent"' in response.text
    assert PlatformConfig.get().referral_percent == 5


def test_percent_that_exceeds_the_sale_with_merchant_terms_is_refused(as_admin: Visitor) -> None:
    product = make_product(make_vendor(config_platform_percent=Decimal(80)))
    assert as_admin.submit(f"{RATES}/products/{product.id}", {"percent": "20"}).status_code == 303
    response = as_admin.submit(f"{RATES}/products/{product.id}", {"percent": "20.5"})
    assert response.status_code == 422
    assert "exceed the sale" in text_of(response)
    assert as_admin.submit(f"{RATES}/default", {"platform_percent": "21"}).status_code == 422
    assert percent_of(product) == 20


@pytest.mark.parametrize(("typed", "stored"), [("4.5", Decimal("4.5")), ("0", Decimal(0)), ("", None)])
def test_platform_default_is_saved(as_admin: Visitor, typed: str, stored: Decimal | None) -> None:
    assert as_admin.submit(f"{RATES}/default", {"platform_percent": typed}).location == RATES
    assert PlatformConfig.get().referral_percent == stored


def test_unknown_product_is_not_found(as_admin: Visitor) -> None:
    for number in (7, 2**70):
        assert as_admin.submit(f"{RATES}/products/{number}", {"percent": "1"}).status_code == 404


def test_terms_are_saved_and_shown(as_admin: Visitor, admin: User) -> None:
    vendor = make_vendor(name="Tea House")
    splits = {
        "split_recipient": ["charity", ""],
        "split_percent": ["2.5", ""],
        "split_description": ["Trees", ""],
    }
    url = f"{VENDORS}/{vendor.id}"
    for _ in range(2):
        assert as_admin.submit(url, {**TERMS, **splits}).location == url
    saved = MerchantConfig.get(MerchantConfig.vendor == vendor.id)
    assert (saved.platform_percent, saved.referral_percent, saved.reserve_percent) == (10, 5, Decimal("7.5"))
    assert (saved.payout_frequency, saved.hold_days, saved.minimum_payout_minor) == ("DAILY", 0, 1250)
    assert saved.payout_wallet == "0x" + "ab" * 20
    assert saved.custom_splits == [{"recipientId": "charity", "percent": "2.5", "description": "Trees"}]
    page = as_admin.get(url)
    for expected in ('value="charity"', 'value="12.50"', 'value="7.5"'):
        assert expected in page.text, expected
    assert "10%" in text_of(as_admin.get("/admin/vendors"))
    events = list(EventLog.select().where(EventLog.entity == "vendor").order_by(EventLog.id))
    assert events[0].data["hold_days"] == [3, 0]
    assert events[1].data == {}
    assert as_admin.submit(url, {**TERMS, "platform_percent": "", "payout_wallet": ""}).status_code == 303
    saved = MerchantConfig.get(MerchantConfig.vendor == vendor.id)
    assert (saved.platform_percent, saved.payout_wallet, saved.custom_splits) == (None, None, [])


INVALID_TERMS = [
    ("platform_percent", "101"),
    ("referral_percent", "x"),
    ("referral_percent", "50.5"),
    ("platform_percent", "89.9999995"),
    *((field, typed) for field in PERCENTS for typed in INVALID_PERCENTS),
    ("payout_frequency", "HOURLY"),
    ("hold_days", "-1"),
    ("hold_days", "366"),
    ("hold_days", ""),
    ("minimum_payout", "-1"),
    ("minimum_payout", "1.005"),
    ("reserve_percent", "100.1"),
    ("payout_wallet", "0x12"),
    ("platform_percent", "96"),
]


def test_invalid_term_is_refused_at_its_field(as_admin: Visitor) -> None:
    vendor = make_vendor()
    before = MerchantConfig.get(MerchantConfig.vendor == vendor.id).updated_at
    for field, typed in INVALID_TERMS:
        response = as_admin.submit(f"{VENDORS}/{vendor.id}", {**TERMS, field: typed})
        assert response.status_code == 422, (field, typed)
        assert f'href="#{field}"' in response.text, (field, typed)
        assert f'id="{field}-error"' in response.text, (field, typed)
        assert MerchantConfig.get(MerchantConfig.vendor == vendor.id).updated_at == before, (field, typed)


@pytest.mark.parametrize("percent", ["", "x", "86", "1.1234567", *INVALID_PERCENTS])
def test_invalid_split_is_refused(as_admin: Visitor, percent: str) -> None:
    vendor = make_vendor()
    splits = {"split_recipient": "charity", "split_percent": percent, "split_description": ""}
    response = as_admin.submit(f"{VENDORS}/{vendor.id}", {**TERMS, **splits})
    assert response.status_code == 422
    assert 'href="#custom_splits"' in response.text
    assert 'value="charity"' in response.text


def test_highest_product_percent_limits_the_terms(as_admin: Visitor) -> None:
    vendor = make_vendor()
    make_product(vendor, referral_percent=Decimal(40))
    assert as_admin.submit(f"{VENDORS}/{vendor.id}", {**TERMS, "platform_percent": "60"}).status_code == 303
    assert as_admin.submit(f"{VENDORS}/{vendor.id}", {**TERMS, "platform_percent": "61"}).status_code == 422


def test_terms_of_unknown_vendor_are_not_found(as_admin: Visitor) -> None:
    assert as_admin.submit(f"{VENDORS}/7", TERMS).status_code == 404


# ---------------------------------------------------------------------- commissions never exceed the sale


def terms_url(product: Product) -> str:
    return f"{VENDORS}/{product.vendor_id}"


@pytest.mark.parametrize(("language", "hint"), [("en", "with a dot"), ("uk", "5.5")])
def test_percent_with_two_commas_gets_a_hint(as_admin: Visitor, language: str, hint: str) -> None:
    product = make_product(referral_percent=Decimal(9))
    fields = (
        (f"/{language}{RATES}/products/{product.id}", "percent", f"percent-{product.id}"),
        (f"/{language}{RATES}/default", "platform_percent", "platform_percent"),
        *((f"/{language}{terms_url(product)}", field, field) for field in PERCENTS),
    )
    for url, field, anchor in fields:
        response = as_admin.submit(url, {**TERMS, field: "5,5,5"})
        assert response.status_code == 422, url
        assert f'id="{anchor}-error"' in response.text
        assert 'value="5,5,5"' in response.text
        assert f'lang="{language}"' in response.text
    assert percent_of(product) == 9
    assert PlatformConfig.get().referral_percent == 5


def test_refusal_names_the_vendor_and_the_total_percent(as_admin: Visitor) -> None:
    product = make_product(make_vendor(name="Tea House", config_platform_percent=Decimal(80)))
    make_product(make_vendor(name="Lamps"))
    for url, field in (
        (f"{RATES}/products/{product.id}", "percent"),
        (f"{RATES}/default", "platform_percent"),
    ):
        text = text_of(as_admin.submit(url, {field: "20.5"}))
        assert "With the terms of Tea House the commissions would exceed the sale: 100.5% together." in text
    terms = {**TERMS, "platform_percent": "95.25"}
    assert "would exceed the sale: 100.25%." in text_of(as_admin.submit(terms_url(product), terms))


def test_tier_percent_applies_without_a_merchant_percent(as_admin: Visitor) -> None:
    product = make_product(make_vendor(store_tier="starter"))
    split = {"split_recipient": "charity", "split_description": "", "platform_percent": ""}
    fits = {**TERMS, **split, "split_percent": "75"}
    assert as_admin.submit(terms_url(product), fits).status_code == 303
    response = as_admin.submit(terms_url(product), {**fits, "split_percent": "75.000001"})
    assert (response.status_code, 'href="#custom_splits"' in response.text) == (422, True)
    assert as_admin.submit(f"{RATES}/products/{product.id}", {"percent": "5.000001"}).status_code == 422


def test_cleared_percent_is_checked_against_the_inherited_one(as_admin: Visitor) -> None:
    structure = CommissionStructure.create(name="Season", referral_percent=Decimal(40))
    vendor = make_vendor(config_platform_percent=Decimal(80))
    product = make_product(vendor, referral_percent=Decimal(9), commission_structure=structure.id)
    response = as_admin.submit(f"{RATES}/products/{product.id}", {"percent": ""})
    assert response.status_code == 422
    assert "exceed the sale: 120%" in text_of(response)
    assert percent_of(product) == 9
    CommissionStructure.update(referral_percent=Decimal(20)).execute()
    assert as_admin.submit(f"{RATES}/products/{product.id}", {"percent": ""}).status_code == 303


def test_structure_percent_limits_the_merchant_terms(as_admin: Visitor) -> None:
    structure = CommissionStructure.create(name="Season", referral_percent=Decimal(40))
    product = make_product(commission_structure=structure.id)
    assert as_admin.submit(terms_url(product), {**TERMS, "platform_percent": "61"}).status_code == 422
    assert as_admin.submit(terms_url(product), {**TERMS, "platform_percent": "60"}).status_code == 303


def test_cleared_merchant_percent_is_checked_against_the_default(as_admin: Visitor) -> None:
    product = make_product()
    PlatformConfig.update(referral_percent=Decimal(30)).execute()
    terms = {**TERMS, "platform_percent": "80", "referral_percent": "5"}
    assert as_admin.submit(terms_url(product), terms).status_code == 303
    response = as_admin.submit(terms_url(product), {**terms, "referral_percent": ""})
    assert "exceed the sale: 110%" in text_of(response)
    assert MerchantConfig.get(MerchantConfig.vendor == product.vendor_id).referral_percent == 5


WRONG_CHECKSUM = "0x" + "Ab" * 20
OWN = {
    "referral_rewards_address": "0x" + "11" * 20,
    "referral_reward_token_address": "0x" + "2a" * 20,
    "settlement_payout_token_address": "0x" + "33" * 20,
    "referral_price_feed_address": "0x" + "44" * 20,
}


RESERVED = (f"0x{1:040x}", f"0x{0x11:040x}", f"0x{0x1010:040x}", f"0x{0xDEAD:040x}", "0x" + "ee" * 20)
MALFORMED = ("0X" + "5a" * 20, "5a" * 20, "0x" + "5g" * 20)


def payee_page(admin: Visitor, field: str, payee: str):
    splits = {"split_recipient": [payee], "split_percent": ["2.5"], "split_description": [""]}
    form = {**TERMS, "payout_wallet": payee} if field == "payout_wallet" else {**TERMS, **splits}
    return admin.submit(f"{VENDORS}/{make_vendor().id}", form)


UNPAYABLE = [
    WRONG_CHECKSUM,
    "0x" + "0" * 40,
    "0x" + "1" * 39,
    *MALFORMED,
    *OWN.values(),
    "0x" + "2A" * 20,
    *RESERVED,
]


@pytest.mark.parametrize("field", ["payout_wallet", "custom_splits"])
def test_a_payee_that_cannot_be_paid_is_refused(make_app: MakeApp, admin: User, field: str) -> None:
    for payee in UNPAYABLE:
        page = payee_page(visitor(make_app(**OWN), admin), field, payee)
        assert page.status_code == 422, payee
        assert f'href="#{field}"' in page.text, payee
        assert not MerchantConfig.select().where(~MerchantConfig.payout_wallet.is_null()).exists(), payee
        assert ("checksum (EIP-55) is wrong" in text_of(page)) == (payee == WRONG_CHECKSUM), payee
        is_own = "a contract, token or account that the portal itself uses" in text_of(page)
        assert is_own == (payee.lower() in OWN.values()), payee
        assert ("Nobody can control this address" in text_of(page)) == (payee in RESERVED), payee


@pytest.mark.parametrize("account", ["referral_minter_private_key", "settlement_payout_private_key"])
def test_the_accounts_of_the_portal_are_no_payees(make_app: MakeApp, admin: User, account: str) -> None:
    page = payee_page(visitor(make_app(**{account: OPERATOR_KEY}), admin), "payout_wallet", OPERATOR)
    assert page.status_code == 422
    assert "a contract, token or account that the portal itself uses" in text_of(page)


@pytest.mark.parametrize(
    "payee", ["0x lab", "0xlab", "charity", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]
)
def test_a_recipient_may_be_any_text_or_a_right_address(as_admin: Visitor, payee: str) -> None:
    assert payee_page(as_admin, "custom_splits", payee).status_code == 303
