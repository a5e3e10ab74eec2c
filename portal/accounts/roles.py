"""Change the role of an account. See docs/rules/accounts.md."""

from __future__ import annotations

from models import User
from portal.accounts.enabled import AccountErased, account_enabled
from portal.accounts.queries import get_user
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import PortalError

ROLES = ("user", "vendor", "admin")


class RoleUnknown(PortalError):
    """The role is none of ROLES."""

    code = "role_unknown"


class LastAdmin(PortalError):
    """The account is the only admin who can sign in; without one nobody could appoint another."""

    code = "last_admin"


def set_role(user_id: int, role: str, actor: Actor) -> bool:
    """Give an account a role, `user`, `vendor` or `admin`, and return whether that changed it.

    Raises RoleUnknown, UserUnknown, AccountErased or LastAdmin.
    """
    if role not in ROLES:
        raise RoleUnknown(field="role")
    with transaction():
        lock_with_admins(user_id)
        user = get_user(user_id)
        if user.erased_at is not None:
            raise AccountErased
        before = user.role
        if before == role:
            return False
        require_other_admin(user)
        User.update(role=role).where(User.id == user_id).execute()
        record_event(actor, "user", user_id, "role_changed", from_status=before, to_status=role)
    return True


def lock_with_admins(*user_ids: int) -> None:
    """Lock accounts together with all admins until the transaction ends, in the order of their ids.

    Two admins who demote or disable each other at the same time wait here, and the second is refused. NO KEY: an
    approval only refers to its admin, and waiting with the debits locked it would end in a deadlock with a payment.
    """
    query(
        "SELECT id FROM users WHERE role = 'admin' OR id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [list(user_ids)],
    )


def require_other_admin(user: User) -> None:
    """Check that an admin can sign in besides this account; raise LastAdmin. The admins are locked."""
    others = (User.role == "admin") & account_enabled() & (User.id != user.id)
    is_active_admin = user.role == "admin" and user.disabled_at is None
    if is_active_admin and not User.select().where(others).exists():
        raise LastAdmin
