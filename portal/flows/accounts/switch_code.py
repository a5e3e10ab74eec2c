"""Activate and deactivate share codes. An owner cannot undo an admin. See docs/rules/codes.md."""

from __future__ import annotations

from models import Refcode
from portal.accounts import WalletUnknown, find_wallet_owner
from portal.codes import CodeUnknown, find_deactivation, lock_code, restate_deactivation, set_code_active
from portal.db import Actor, transaction
from portal.lib.errors import PortalError
from portal.lib.texts import clean_text

REASON_MAX = 500


class CodeBlocked(PortalError):
    """An admin deactivated the code; `reason` is shown to the owner."""

    code = "code_blocked"


class CodeReasonMissing(PortalError):
    """Deactivating a code of someone else needs a reason, which the owner sees."""

    code = "reason_missing"


def switch_own_code(user_id: int, code: str, active: bool) -> bool:
    """Activate or deactivate an own code and return whether that changed anything.

    Raises CodeUnknown, CodeBlocked, and WalletUnknown when the wallet of the code is not linked.
    """
    with transaction():
        row = lock_code(code)
        if row.owner_user_id != user_id:
            raise CodeUnknown
        if active and not row.active:
            _check_not_blocked(code)
            if not _is_linked(row):
                raise WalletUnknown
        return set_code_active(code, active, Actor.user(user_id))


def block_code(code: str, reason: str, admin_id: int) -> bool:
    """Deactivate any code, as an admin, with a reason for its owner; return whether that changed anything.

    Only an admin can activate it again. Raises CodeUnknown, CodeReasonMissing, CharacterRefused.
    """
    text, actor = clean_text(reason, "reason"), Actor.user(admin_id)
    if not 1 <= len(text) <= REASON_MAX:
        raise CodeReasonMissing(field="reason", at_most=REASON_MAX)
    with transaction():
        row = lock_code(code)
        if set_code_active(code, False, actor, text, by="admin"):
            return True
        cause = find_deactivation(row.code)
        if cause and cause.by == "admin":
            return False
        restate_deactivation(code, actor, text, by="admin")
    return True


def unblock_code(code: str, admin_id: int) -> bool:
    """Activate any code, as an admin, and return whether it is active now.

    A code without a linked wallet becomes active when the wallet is linked again. Raises CodeUnknown.
    """
    actor = Actor.user(admin_id)
    with transaction():
        row = lock_code(code)
        if row.active or _is_linked(row):
            set_code_active(code, True, actor, by="admin")
            return True
        restate_deactivation(code, actor, None, by="unlinked")
    return False


def _is_linked(row: Refcode) -> bool:
    """Return whether the code's wallet is linked; a code that has none yet works without one."""
    if not row.wallet_address:
        return True
    return find_wallet_owner(row.wallet_address) == row.owner_user_id


def _check_not_blocked(code: str) -> None:
    cause = find_deactivation(code)
    if cause and cause.by == "admin":
        raise CodeBlocked(reason=cause.reason)
