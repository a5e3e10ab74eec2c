"""Share codes: one per person and wallet, resolved at every use, deactivated but never deleted."""

from portal.codes.operations import CodeUnknown, issue_code, set_code_active
from portal.codes.queries import (
    find_active_code,
    find_code,
    find_deactivation_reason,
    find_wallet_code,
    list_codes,
    share_url,
)

__all__ = [
    "CodeUnknown",
    "find_active_code",
    "find_code",
    "find_deactivation_reason",
    "find_wallet_code",
    "issue_code",
    "list_codes",
    "set_code_active",
    "share_url",
]
