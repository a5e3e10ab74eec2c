"""Demo data for a development portal, the same at every start."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from models import MerchantConfig, Product, User, Vendor
from portal.accounts import create_user, register_wallet
from portal.catalogue import NewProduct, create_product, create_vendor
from portal.codes import issue_code
from portal.db import Actor, transaction
from portal.payments import add_credit, credit_balance
from portal.settings import Settings

ACTOR = Actor("command:seed")
BUYER_CREDIT_MINOR = 10_000_000
CURRENCY = "UAH"

# Addresses without known keys: demo rewards are minted to them on the local chain only.
DEMO_WALLETS = {
    "referrer": "0x00000000000000000000000000000000000decaf",
    "vendor": "0x000000000000000000000000000000000000beef",
}


class SeedRefused(Exception):
    """Demo data is for development portals only."""


@dataclass(frozen=True)
class DemoData:
    """The referrer's code, empty without a referrer, and e-mail and password of each demo account."""

    referral_code: str
    logins: dict[str, dict[str, str]]


@dataclass(frozen=True)
class DemoProduct:
    slug: str
    name: str
    description: str
    price_minor: int
    stock: int
    referral_percent: Decimal | None = None


_PEOPLE = {
    "admin": ("Demo Admin", "admin"),
    "referrer": ("Demo Referrer", "user"),
    "buyer": ("Demo Buyer", "user"),
    "vendor": ("Demo Vendor", "vendor"),
}

_SHOPS = {
    "Demo Tea House": (
        "growth",
        None,
        [
            DemoProduct(
                "mountain-tea",
                "Mountain tea, 100 g",
                "Loose thyme and linden tea in a paper bag.",
                24_000,
                500,
            ),
            DemoProduct(
                "clay-teapot",
                "Clay teapot, 0.6 l",
                "Thrown by hand, glazed inside, holds three cups.",
                98_000,
                120,
            ),
            DemoProduct(
                "honey-jar",
                "Buckwheat honey, 250 g",
                "Dark, slightly bitter, from one apiary.",
                18_500,
                300,
                Decimal("7.5"),
            ),
        ],
    ),
    "Demo Book Corner": (
        "enterprise",
        Decimal(10),
        [
            DemoProduct(
                "field-notebook",
                "Field notebook, A6",
                "Dotted pages, sewn binding, pocket at the back.",
                31_000,
                400,
            ),
            DemoProduct(
                "city-map", "Illustrated city map", "A folded map with forty drawn landmarks.", 14_900, 250
            ),
            DemoProduct(
                "reading-lamp",
                "Clip-on reading lamp",
                "Warm light, three levels, charges by USB-C.",
                76_000,
                90,
            ),
        ],
    ),
}


def demo_logins() -> dict[str, dict[str, str]]:
    """Return e-mail and password of each demo account by role name."""
    return {key: {"email": f"{key}@demo.example", "password": f"demo-{key}-pass"} for key in _PEOPLE}


def seed_admin(settings: Settings) -> DemoData:
    """Create the demo admin only, if missing; raise SeedRefused in production."""
    _require_development(settings)
    login = demo_logins()["admin"]
    _person("admin", login)
    return DemoData("", {"admin": login})


def seed_demo(settings: Settings) -> DemoData:
    """Create missing demo accounts, shops and credit; raise SeedRefused in production."""
    _require_development(settings)
    logins = demo_logins()
    with transaction():
        users = {key: _person(key, logins[key]) for key in _PEOPLE}
        code = issue_code(
            users["referrer"].id,
            register_wallet(users["referrer"].id, DEMO_WALLETS["referrer"], ACTOR),
            ACTOR,
        )
        register_wallet(users["vendor"].id, DEMO_WALLETS["vendor"], ACTOR)
        for name, (tier, percent, products) in _SHOPS.items():
            _shop(name, tier, percent, products, users["vendor"])
        for key in ("buyer", "referrer"):
            _credit(users[key].id)
    return DemoData(code.code, logins)


def _require_development(settings: Settings) -> None:
    if settings.is_production:
        raise SeedRefused("Demo data is refused in production.")


def _person(key: str, login: dict[str, str]) -> User:
    name, role = _PEOPLE[key]
    # In stored form, so that the look-up needs no parser of addresses.
    return User.get_or_none(User.email == login["email"]) or create_user(
        login["email"], name, login["password"], role=role, email_confirmed=True, actor=ACTOR
    )


def _shop(name: str, tier: str, percent: Decimal | None, products: list[DemoProduct], owner: User) -> None:
    vendor = Vendor.get_or_none(Vendor.name == name)
    if vendor is None:
        vendor = create_vendor(name, tier, owner.id, actor=ACTOR)
        MerchantConfig.insert(
            vendor=vendor.id, referral_percent=percent, payout_wallet=DEMO_WALLETS["vendor"]
        ).execute()
    for product in products:
        if not Product.select().where(Product.slug == product.slug).exists():
            create_product(NewProduct(vendor_id=vendor.id, currency=CURRENCY, **vars(product)))


def _credit(user_id: int) -> None:
    if not credit_balance(user_id, CURRENCY):
        add_credit(user_id, BUYER_CREDIT_MINOR, CURRENCY, "Demo credit", ACTOR)
