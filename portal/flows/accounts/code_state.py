"""Whether a share code can credit new orders: it is active, and its owner's account is enabled."""

from __future__ import annotations

from models import Refcode
from portal.accounts import is_enabled
from portal.attribution import CodeState
from portal.codes import resolve_code


def code_state(code: Refcode) -> CodeState:
    """Return whether a code attributes new purchases, or why it does not. See docs/rules/attribution.md."""
    return code_state_of(code.active, code.active and is_enabled(code.owner_user_id))


def code_state_of(is_active: bool, owner_is_enabled: bool) -> CodeState:
    """Return the state of a code that was read with its owner's account."""
    if not is_active:
        return "inactive"
    return "active" if owner_is_enabled else "owner_disabled"


def find_creditable_code(code: str) -> Refcode | None:
    """Return the code that a text names, itself or by its alias, if it may attribute new purchases; or None."""
    row = resolve_code(code)
    return row if row is not None and code_state(row) == "active" else None
