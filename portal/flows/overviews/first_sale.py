"""What a portal lacks before its first sale."""

from __future__ import annotations

from models import Order, Product, Store, Vendor
from portal.accounts import list_admin_ids
from portal.settings import Settings
from portal.stores import BUILT_IN_STORE_ID

# In the order in which an admin does them.
STEPS = ("brand", "vendor", "goods", "mail", "contract", "second_admin")


def is_without_admin() -> bool:
    """Return whether nobody can sign in as an admin."""
    return not list_admin_ids()


def missing_before_first_sale(settings: Settings) -> list[str]:
    """Return the codes of what is missing: brand, admin, second_admin, vendor, goods. Mail and chain have checks."""
    admins = len(list_admin_ids())
    is_missing = {
        "brand": settings.brand_name == type(settings).model_fields["brand_name"].default,
        "admin": admins == 0,
        "second_admin": admins == 1,
        "vendor": not Vendor.select().where(Vendor.active).exists(),
        "goods": not _has_goods(),
    }
    return [code for code, missing in is_missing.items() if missing]


def list_first_sale_steps(settings: Settings) -> list[tuple[str, bool]]:
    """Return the steps to the first sale as (code, whether it is done), [] once something was sold."""
    if Order.select().where(Order.paid_at.is_null(False)).exists():
        return []
    missing = set(missing_before_first_sale(settings))
    if not settings.chain_configured:
        missing.add("contract")
    if not settings.mail_configured:
        missing.add("mail")
    return [(code, code not in missing) for code in STEPS]


def _has_goods() -> bool:
    """Return whether the shop has a product, or a store is connected."""
    connected = Store.select().where(Store.active & (Store.id != BUILT_IN_STORE_ID))
    return Product.select().where(Product.active).exists() or connected.exists()
