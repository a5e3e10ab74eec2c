"""Change the role of an account, which ends its sessions: they were opened for another role."""

from __future__ import annotations

from portal.accounts import list_admin_ids, set_role
from portal.catalogue import count_vendors_of_user
from portal.db import Actor, transaction
from portal.flows.accounts.account_notices import notify_owner
from portal.flows.accounts.end_access import CurrentSession, end_other_access
from portal.lib.errors import PortalError


class OwnsVendor(PortalError):
    """The account owns a vendor, so that it cannot be a plain user."""

    code = "owns_vendor"


def change_role(user_id: int, role: str, actor: Actor) -> bool:
    """Give an account a role and return whether that changed it; raise what `set_role` raises, and OwnsVendor."""
    with transaction():
        if role == "user" and count_vendors_of_user(user_id):
            raise OwnsVendor(field="role")
        is_changed = set_role(user_id, role, actor)
        if is_changed:
            end_other_access(user_id, CurrentSession(), "role_changed", actor)
            if role == "admin":
                _notify_admins(user_id, actor)
    return is_changed


def _notify_admins(appointed_id: int, actor: Actor) -> None:
    """Notify the other admins, so that nobody makes a second admin for their own proposals without being noticed."""
    for admin_id in list_admin_ids():
        if admin_id not in (appointed_id, actor.user_id):
            notify_owner(admin_id, "security_admin_appointed", account=str(appointed_id))
