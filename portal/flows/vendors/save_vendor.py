"""Create and change vendors; a person becomes a vendor by being the owner of one. See docs/rules/accounts.md."""

from __future__ import annotations

from models import User, Vendor
from portal.accounts import find_user_by_email, get_user, lock_with_admins
from portal.catalogue import (
    change_vendor,
    count_vendors_of_user,
    create_vendor,
    lock_vendor,
    read_vendor,
    require_new_vendor,
    set_vendor_active,
    vendor_digest,
)
from portal.commissions import VendorUnknown
from portal.db import Actor, transaction
from portal.flows.accounts.change_role import change_role
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.shown import require_unchanged


class OwnerUnknown(PortalError):
    """No account has the e-mail of the owner."""

    code = "owner_unknown"


def add_vendor(name: str, owner_email: str, store_tier: str, actor: Actor) -> Vendor:
    """Create a vendor and give its owner the role; an empty e-mail is no owner. Raises InputInvalid."""
    owner = _read(name, owner_email, store_tier)
    with transaction():
        require_new_vendor(name, store_tier, owner.id if owner else None)
        vendor = create_vendor(name, store_tier, owner.id if owner else None, actor=actor)
        if owner:
            _give_role(owner.id, actor)
    return vendor


def save_vendor(
    vendor_id: int, name: str, owner_email: str, store_tier: str, actor: Actor, *, shown: str | None = None
) -> bool:
    """Save a vendor and return whether another owner was replaced; only owners of vendors keep the role.

    `shown` is the digest of the vendor that was shown. Raises VendorUnknown, ChangedMeanwhile, or InputInvalid naming
    every field at fault.
    """
    owner = _read(name, owner_email, store_tier)
    with transaction():
        vendor = _lock(vendor_id)
        require_unchanged(shown, vendor_digest(vendor))
        before = vendor.user_id
        after = owner.id if owner else None
        # All at once and in one order, so that two changes of owners cannot deadlock.
        lock_with_admins(*(each for each in (before, after) if each is not None))
        change_vendor(vendor_id, name, store_tier, after, actor)
        if after is not None:
            _give_role(after, actor)
        if before is not None and before != after:
            _take_role(before, actor)
    return before not in (None, after)


def switch_vendor(vendor_id: int, active: bool, actor: Actor) -> bool:
    """Put a vendor's products on or off sale and return whether that changed anything; raise VendorUnknown."""
    with transaction():
        _lock(vendor_id)
        return set_vendor_active(vendor_id, active, actor)


def _lock(vendor_id: int) -> Vendor:
    vendor = lock_vendor(vendor_id) if 0 < vendor_id < 2**63 else None
    if vendor is None:
        raise VendorUnknown
    return vendor


def _read(name: str, owner_email: str, store_tier: str) -> User | None:
    """Return the owner; raise InputInvalid naming every field at fault."""
    errors: dict[str, PortalError] = {}
    try:
        read_vendor(name, store_tier)
    except InputInvalid as error:
        errors |= error.fields
    owner = find_user_by_email(owner_email) if owner_email.strip() else None
    if owner is None and owner_email.strip():
        errors["owner"] = OwnerUnknown(field="owner")
    if errors:
        raise InputInvalid(errors)
    return owner


def _give_role(user_id: int, actor: Actor) -> None:
    if get_user(user_id).role == "user":
        change_role(user_id, "vendor", actor)


def _take_role(user_id: int, actor: Actor) -> None:
    if get_user(user_id).role == "vendor" and not count_vendors_of_user(user_id):
        change_role(user_id, "user", actor)
