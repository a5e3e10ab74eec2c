"""Issue and deactivate share codes. See docs/rules/codes.md."""

from __future__ import annotations

from models import Refcode
from portal.db import Actor, record_event, transaction
from portal.lib.addresses import canonical_address
from portal.lib.errors import PortalError
from portal.lib.ids import random_text

CODE_LENGTH = 8
_ATTEMPTS = 5


class CodeUnknown(PortalError):
    code = "code_unknown"


def issue_code(owner_user_id: int, wallet_address: str, actor: Actor) -> Refcode:
    """Return the code of an account and wallet, creating it on the first call."""
    wallet = canonical_address(wallet_address)
    for _ in range(_ATTEMPTS):
        existing = Refcode.get_or_none((Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet))
        if existing:
            return existing
        with transaction():
            code = random_text(CODE_LENGTH)
            insert = Refcode.insert(code=code, owner=owner_user_id, wallet_address=wallet)
            if list(insert.on_conflict_ignore().returning(Refcode.code).execute()):
                record_event(actor, "refcode", code, "code_issued", data={"wallet": wallet})
    return Refcode.get((Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet))


def lock_code(code: str) -> Refcode:
    """Return a code locked until the transaction ends, so that one change at a time is decided; raise CodeUnknown."""
    row: Refcode | None = Refcode.select().where(Refcode.code == code).for_update().first()
    if row is None:
        raise CodeUnknown
    return row


def set_code_active(
    code: str, active: bool, actor: Actor, reason: str | None = None, *, by: str = "owner"
) -> bool:
    """Activate or deactivate a code; return whether that changed anything. Past rewards are unaffected.

    `by` names the origin of the decision: owner, admin, or unlinked when the wallet left the account.
    """
    with transaction():
        changed = (
            Refcode.update(active=active).where((Refcode.code == code) & (Refcode.active != active)).execute()
        )
        if changed:
            event = "code_activated" if active else "code_deactivated"
            record_event(actor, "refcode", code, event, reason=reason, data={"by": by})
    return bool(changed)


def restate_deactivation(code: str, actor: Actor, reason: str | None, *, by: str) -> None:
    """Record a new cause for a code that is already inactive."""
    record_event(actor, "refcode", code, "code_deactivated", reason=reason, data={"by": by})
