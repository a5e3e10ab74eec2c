"""Payments: references, one transaction a reference, the callback inbox, WayForPay's protocol, internal credit."""

from portal.payments.credit import CreditShort, add_credit, credit_balance, debit_credit
from portal.payments.membership import (
    MEMBERSHIP_CURRENCY,
    MEMBERSHIP_PRICES_MINOR,
    chargeable_price_minor,
    membership_price_minor,
)
from portal.payments.operations import (
    UNPAID,
    AlreadyPaid,
    PaymentUnknown,
    close_callback,
    find_and_lock_payment,
    lock_payment,
    move_payment,
    open_payment,
    record_rail_failure,
    resolve_rail_failure,
    store_callback,
)
from portal.payments.queries import (
    find_payment,
    get_payment,
    list_callbacks_needing_attention,
    list_open_rail_failures,
    list_waiting_callbacks,
    payments_by_reference,
    was_applied,
)
from portal.payments.references import (
    ParsedReference,
    ReferenceInvalid,
    build_membership_reference,
    build_order_reference,
    parse_reference,
)

__all__ = [
    "MEMBERSHIP_CURRENCY",
    "MEMBERSHIP_PRICES_MINOR",
    "UNPAID",
    "AlreadyPaid",
    "CreditShort",
    "ParsedReference",
    "PaymentUnknown",
    "ReferenceInvalid",
    "add_credit",
    "build_membership_reference",
    "build_order_reference",
    "chargeable_price_minor",
    "close_callback",
    "credit_balance",
    "debit_credit",
    "find_and_lock_payment",
    "find_payment",
    "get_payment",
    "list_callbacks_needing_attention",
    "list_open_rail_failures",
    "list_waiting_callbacks",
    "lock_payment",
    "membership_price_minor",
    "move_payment",
    "open_payment",
    "parse_reference",
    "payments_by_reference",
    "record_rail_failure",
    "resolve_rail_failure",
    "store_callback",
    "was_applied",
]
