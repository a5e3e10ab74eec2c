"""Personal data in words."""

from __future__ import annotations

from portal.flows.personal_data.obstacles import Obstacle
from portal.lib.clock import utc_now
from portal.web.text.format import iso
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


def about_export(brand: str) -> str:
    """Return the text of the README in a person's export."""
    parts = [
        _("Everything that %(brand)s has stored about you on %(when)s.", brand=brand, when=iso(utc_now())),
        _(
            "Each file is one table of the database, once as JSON and once as CSV. A table without rows is empty. "
            "Times are UTC. Amounts that end in _minor are in the smallest unit of the currency next to them, "
            "and amounts that end in _wei in the smallest unit of the token."
        ),
        _(
            "Passwords, keys and their hashes are left out, and so is what was written about other people. "
            "Transactions on the blockchain are public and are not part of this file."
        ),
    ]
    return "\n\n".join(parts) + "\n"


def obstacle_text(obstacle: Obstacle) -> str:
    """Return why a person's data cannot be erased now, in words that fit the person and an admin."""
    return (_owed_amounts(obstacle.count) | _open_changes(obstacle.count))[obstacle.code]


def _owed_amounts(num: int) -> dict[str, str]:
    return {
        "rewards": ngettext(
            "%(num)s reward is neither sent nor rejected.",
            "%(num)s rewards are neither sent nor rejected.",
            num,
        ),
        "debits": ngettext(
            "%(num)s refunded reward is still to be deducted from later rewards.",
            "%(num)s refunded rewards are still to be deducted from later rewards.",
            num,
        ),
        "credit": _("There is credit left. Its owner can spend it, or give it up under “Credit”."),
        "settlements": ngettext(
            "%(num)s settlement of an own vendor is not paid out.",
            "%(num)s settlements of own vendors are not paid out.",
            num,
        ),
        "statements": ngettext(
            "%(num)s commission statement of an own vendor is open.",
            "%(num)s commission statements of own vendors are open.",
            num,
        ),
    }


def _open_changes(num: int) -> dict[str, str]:
    return {
        "orders": ngettext(
            "%(num)s order is not paid. Pay or cancel it.",
            "%(num)s orders are not paid. Pay or cancel them.",
            num,
        ),
        "payments": ngettext(
            "%(num)s payment has not ended yet.", "%(num)s payments have not ended yet.", num
        ),
        "callbacks": ngettext(
            "%(num)s payment was received that belongs to no open order.",
            "%(num)s payments were received that belong to no open order.",
            num,
        ),
        "refunds": ngettext("%(num)s refund has not ended yet.", "%(num)s refunds have not ended yet.", num),
        "proposals": ngettext(
            "%(num)s change of the credit or of a payment waits for a second admin.",
            "%(num)s changes of the credit or of payments wait for a second admin.",
            num,
        ),
        "vendors": ngettext(
            "The account owns %(num)s vendor, who needs another owner first.",
            "The account owns %(num)s vendors, who need another owner first.",
            num,
        ),
    }
