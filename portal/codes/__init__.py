"""Share codes: one per account and wallet, looked up at every use, deactivated but never deleted."""

from portal.codes.operations import (
    CodeUnknown,
    issue_code,
    lock_code,
    restate_deactivation,
    set_code_active,
)
from portal.codes.queries import (
    Deactivation,
    find_active_code,
    find_code,
    find_deactivation,
    find_wallet_code,
    list_code_events,
    list_codes,
    share_url,
)

__all__ = [
    "CodeUnknown",
    "Deactivation",
    "find_active_code",
    "find_code",
    "find_deactivation",
    "find_wallet_code",
    "issue_code",
    "list_code_events",
    "list_codes",
    "lock_code",
    "restate_deactivation",
    "set_code_active",
    "share_url",
]
