"""Create, change and withdraw vendors. See docs/rules/accounts.md."""

from __future__ import annotations

from models import Vendor
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.shown import digest_of
from portal.lib.texts import CharacterRefused, clean_line

STORE_TIERS = ("starter", "growth", "professional", "enterprise")
VENDOR_NAME_MAX = 100


class VendorNameInvalid(PortalError):
    """The name of a vendor is empty or too long."""

    code = "name_invalid"


class VendorExists(PortalError):
    """The owner has a vendor with this name."""

    code = "vendor_exists"


class StoreTierUnknown(PortalError):
    """The tier is none of STORE_TIERS."""

    code = "store_tier_unknown"


def read_vendor(name: str, store_tier: str) -> str:
    """Return the cleaned name of a vendor; raise InputInvalid naming every field at fault."""
    errors: dict[str, PortalError] = {}
    cleaned = ""
    try:
        cleaned = clean_line(name, "name")
        if not 1 <= len(cleaned) <= VENDOR_NAME_MAX:
            errors["name"] = VendorNameInvalid(field="name", at_most=VENDOR_NAME_MAX)
    except CharacterRefused as error:
        errors["name"] = error
    if store_tier not in STORE_TIERS:
        errors["tier"] = StoreTierUnknown(field="tier")
    if errors:
        raise InputInvalid(errors)
    return cleaned


def create_vendor(
    name: str, store_tier: str = "starter", user_id: int | None = None, *, actor: Actor
) -> Vendor:
    """Write a vendor and return it; `user_id` is the account that sells as this vendor.

    Raises InputInvalid.
    """
    cleaned = read_vendor(name, store_tier)
    with transaction():
        vendor = Vendor.create(name=cleaned, store_tier=store_tier, user=user_id, active=True)
        data = {"owner": user_id, "tier": store_tier}
        record_event(actor, "vendor", vendor.id, "vendor_created", data=data)
    return vendor


def require_new_vendor(name: str, store_tier: str, user_id: int | None) -> None:
    """Raise InputInvalid where the owner, or nobody, has a vendor with this name: the form was sent twice.

    Another one with the same name and owner waits until the transaction ends.
    """
    cleaned = read_vendor(name, store_tier)
    query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"vendor:{user_id}:{cleaned}"])
    if Vendor.select().where((Vendor.name == cleaned) & (Vendor.user == user_id)).exists():
        raise InputInvalid({"name": VendorExists(field="name")})


def change_vendor(vendor_id: int, name: str, store_tier: str, user_id: int | None, actor: Actor) -> None:
    """Save name, tier and owner of a vendor; raise InputInvalid. The caller has locked the vendor."""
    cleaned = read_vendor(name, store_tier)
    with transaction():
        before = Vendor.get_by_id(vendor_id)
        after: dict[str, object] = {"name": cleaned, "tier": store_tier, "owner": user_id}
        stored = {"name": before.name, "tier": before.store_tier, "owner": before.user_id}
        changed = {key: value for key, value in after.items() if stored[key] != value}
        if not changed:
            return
        Vendor.update(name=cleaned, store_tier=store_tier, user=user_id).where(
            Vendor.id == vendor_id
        ).execute()
        record_event(actor, "vendor", vendor_id, "vendor_changed", data=changed)


def vendor_digest(vendor: Vendor) -> str:
    """Return a digest of what a form shows of a vendor."""
    return digest_of(vendor.name, vendor.store_tier, vendor.user_id)


def lock_vendor(vendor_id: int) -> Vendor | None:
    """Return a vendor locked until the transaction ends, or None. Rows that refer to it need not wait."""
    rows = Vendor.select().where(Vendor.id == vendor_id)
    row: Vendor | None = rows.for_update("FOR NO KEY UPDATE").first()  # type: ignore[arg-type]
    return row


def set_vendor_active(vendor_id: int, active: bool, actor: Actor) -> bool:
    """Put a vendor's products on or off sale and return whether that changed anything; what is owed stays."""
    with transaction():
        changed = (
            Vendor.update(active=active).where((Vendor.id == vendor_id) & (Vendor.active != active)).execute()
        )
        if changed:
            event = "vendor_activated" if active else "vendor_deactivated"
            record_event(actor, "vendor", vendor_id, event)
    return bool(changed)
