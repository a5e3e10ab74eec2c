"""Record that a commission statement was paid, and let the rewards that waited for it be minted."""

from __future__ import annotations

from collections.abc import Iterable

from portal.commissions import owes_commission, pay_statement
from portal.db import Actor, transaction
from portal.rewards import end_statement_waits


def record_statement_payment(statement_id: int, reference: str, actor: Actor) -> None:
    """Mark an open statement as paid with a reference.

    Raises StatementUnknown, StatementStatusConflict, CharacterRefused or PaidReferenceMissing.
    """
    with transaction():
        free_rewards(pay_statement(statement_id, reference, actor), actor)


def free_rewards(order_references: Iterable[str], actor: Actor) -> None:
    """Release rewards whose orders no longer owe commission; others keep waiting.

    Call it where the last sale that owed commission was paid or refunded. See docs/rules/statements.md.
    """
    done = [reference for reference in order_references if not owes_commission(reference)]
    if done:
        end_statement_waits(done, actor)
