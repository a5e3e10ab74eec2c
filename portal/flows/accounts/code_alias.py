"""Give share codes readable aliases, as their owner or as an admin. See docs/rules/codes.md."""

from __future__ import annotations

from models import Refcode
from portal.codes import AliasTaken, CodeUnknown, lock_code, retire_alias, set_alias
from portal.db import Actor, transaction
from portal.lib.errors import PortalError
from portal.settings import Settings
from portal.stores import has_coupon


class AliasOfInactiveCode(PortalError):
    """An inactive code gets no alias: it would block the name and attribute nothing."""

    code = "alias_code_inactive"


def set_own_alias(user_id: int, code: str, text: str, settings: Settings) -> bool:
    """Give an own code an alias; return whether that changed anything.

    Raises CodeUnknown, AliasOfInactiveCode, and what `set_alias` raises.
    """
    with transaction():
        row = _lock_own(user_id, code)
        return _set(row, text, Actor.user(user_id), settings, by="owner")


def retire_own_alias(user_id: int, code: str) -> bool:
    """End the alias of an own code; return whether it had one. Raises CodeUnknown."""
    with transaction():
        _lock_own(user_id, code)
        return retire_alias(code, Actor.user(user_id))


def set_any_alias(code: str, text: str, actor: Actor, settings: Settings) -> bool:
    """Give any active code an alias, as an admin or operator.

    Raises what `set_own_alias` raises, without the limit of owners.
    """
    with transaction():
        return _set(lock_code(code), text, actor, settings, by="admin")


def _lock_own(user_id: int, code: str) -> Refcode:
    row = lock_code(code)
    if row.owner_user_id != user_id:
        raise CodeUnknown
    return row


def _set(row: Refcode, text: str, actor: Actor, settings: Settings, *, by: str) -> bool:
    if not row.active:
        raise AliasOfInactiveCode(field="alias")
    changed = set_alias(row.code, text, actor, settings.brand_name, by=by)
    if changed and has_coupon(text):
        # Its buyers use the coupon without knowing this referrer.
        raise AliasTaken(field="alias", alias=text.strip().upper())
    return changed
