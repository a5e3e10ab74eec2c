"""Issue and deactivate share codes. See docs/rules/codes.md."""

from __future__ import annotations

from peewee import Expression

from models import CodeAlias, Refcode
from portal.db import Actor, query, record_event, transaction
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
    mine = (Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet)
    return _issue(mine & Refcode.store_referrer_id.is_null(), owner_user_id, wallet, None, actor)


def issue_store_code(store_referrer_id: int, owner_user_id: int, actor: Actor) -> Refcode:
    """Return the code of a store's customer, created without a wallet for an owner on the first call."""
    mine = Refcode.store_referrer_id == store_referrer_id
    return _issue(mine, owner_user_id, "", store_referrer_id, actor)


def _issue(
    mine: Expression, owner_user_id: int, wallet: str, store_referrer_id: int | None, actor: Actor
) -> Refcode:
    for _ in range(_ATTEMPTS):
        existing = Refcode.get_or_none(mine)
        if existing:
            return existing
        with transaction():
            code = _new_code()
            insert = Refcode.insert(
                code=code, owner=owner_user_id, wallet_address=wallet, store_referrer_id=store_referrer_id
            )
            if list(insert.on_conflict_ignore().returning(Refcode.code).execute()):
                record_event(actor, "refcode", code, "code_issued", data={"wallet": wallet})
    return Refcode.get(mine)


def _new_code() -> str:
    """Return a random code that equals no alias, whatever the letter case."""
    while True:
        code = random_text(CODE_LENGTH)
        if not CodeAlias.select().where(CodeAlias.name == code.upper()).exists():
            return code


def move_code(code: str, owner_user_id: int, actor: Actor) -> None:
    """Give the code of a store's customer to the account that they connected."""
    with transaction():
        before = lock_code(code).owner_user_id
        Refcode.update(owner=owner_user_id).where(Refcode.code == code).execute()
        record_event(actor, "refcode", code, "code_moved", data={"from": before, "to": owner_user_id})


def set_code_wallet(code: str, wallet: str, actor: Actor) -> bool:
    """Set the wallet, in stored form, of a code that has none; return whether it had none."""
    with transaction():
        waiting = (Refcode.code == code) & (Refcode.wallet_address == "")
        changed = Refcode.update(wallet_address=wallet).where(waiting).execute()
        if changed:
            record_event(actor, "refcode", code, "code_wallet_set", data={"wallet": wallet})
    return bool(changed)


def share_lock_code(code: str) -> Refcode:
    """Return a code that neither moves nor gets a wallet until the transaction ends; raise CodeUnknown."""
    if not query("SELECT 1 FROM refcodes WHERE code = %s FOR SHARE", [code]):
        raise CodeUnknown
    return Refcode.get_by_id(code)


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
