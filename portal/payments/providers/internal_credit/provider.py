"""Internal credit as a way of paying: the ledger is debited in the transaction that settles the order."""

from __future__ import annotations

from portal.lib.marks import N_
from portal.payments.provider import Payment
from portal.payments.providers.internal_credit.ledger import debit_credit, return_credit


class InternalCredit:
    """Pay from the credit the portal keeps for a user."""

    name = "internal_credit"
    rail = "internal_credit"
    label = N_("Internal credit")

    def charge(self, payment: Payment, user_id: int) -> None:
        """Debit the buyer; raise CreditShort and change nothing."""
        debit_credit(user_id, payment.amount_minor, payment.currency, payment.order_reference)

    def give_back(self, payment: Payment, user_id: int, amount_minor: int, refund_id: int) -> None:
        """Credit the buyer, once per refund."""
        return_credit(user_id, amount_minor, payment.currency, payment.order_reference, refund_id)
