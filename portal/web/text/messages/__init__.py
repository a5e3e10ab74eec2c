"""The sentences of stable codes: errors with their status, attribution, callbacks, minting, notifications.

Domain packages state codes; this package is the only place where a code becomes a sentence.
"""

from portal.web.text.messages.callbacks import callback_refusal
from portal.web.text.messages.errors import (
    ERRORS,
    error_text,
    error_texts,
    failure_text,
    status_of,
    status_of_code,
    text_of_code,
    text_of_stored,
)
from portal.web.text.messages.minting import chain_alert, mint_waiting, refusal_counts
from portal.web.text.messages.notifications import notification_text
from portal.web.text.messages.referrals import (
    guard_text,
    percent_source,
    referral_reason,
    referral_reason_for_admins,
)

__all__ = [
    "ERRORS",
    "callback_refusal",
    "chain_alert",
    "error_text",
    "error_texts",
    "failure_text",
    "guard_text",
    "mint_waiting",
    "notification_text",
    "percent_source",
    "referral_reason",
    "referral_reason_for_admins",
    "refusal_counts",
    "status_of",
    "status_of_code",
    "text_of_code",
    "text_of_stored",
]
