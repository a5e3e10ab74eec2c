"""The reward ledgers: rewards, debits, visits."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.rewards import list_debit_ledger, list_queue_ledger, list_reward_ledger
from portal.visits import list_visit_ledger
from portal.web.exports.arguments import Arguments, period, reward_filter
from portal.web.exports.columns import address, columns, money, tokens
from portal.web.exports.ledger import Ledger
from portal.web.text.translate import gettext as _

_SIZE = columns(
    "rail", "status", "currency", money("order_total"), "reward_percent", "usd_value", "token_price_usd",
    tokens("reward_amount"), tokens("granted"), tokens("netted"), tokens("debited"), address("reward_token"),
    "chain_id", "tx_hash",
)  # fmt: skip
_END = columns("approved_at", "failure_reason", "created_at", "updated_at")
_REWARD = columns(
    "id", "order_reference", "order_id", "ref_code", "referrer_user_id", address("referrer_wallet"), "referee_user_id",
    _SIZE, "bonus_percent", "programme_version_id", "mintable_from", "waits_for_statement",
    "campaign_id", "campaign_usd", "waits_for_budget",
    "approved_by", _END,
)  # fmt: skip
# The referrer does not see the buyer and the approving admin.
_MY_REWARD = columns(
    "id", "order_reference", "ref_code", address("referrer_wallet"), _SIZE, "bonus_percent", "mintable_from", _END
)  # fmt: skip
_DEBIT = columns(
    "id", "reward_id", "order_reference", "referrer_user_id", tokens("amount"), tokens("netted"), "reason",
    "created_at",
)  # fmt: skip
_VISIT = columns("day", "code", "owner_user_id", "visits")


def _days(arguments: Arguments) -> tuple[date | None, date | None]:
    """Return the days of a period; visits are counted by UTC day."""
    since, until = period(arguments)
    return since and since.date(), until and until.date()


def _my_rewards(arguments: Arguments) -> Any:
    return list_reward_ledger(*period(arguments), referrer_user_id=arguments.reader_id)


LEDGERS = (
    Ledger(
        "reward-queue",
        "/admin/refcodes",
        "admin",
        _REWARD,
        lambda arguments: list_queue_ledger(reward_filter(arguments)),
    ),
    Ledger(
        "rewards",
        "/admin/ledgers/rewards",
        "admin",
        _REWARD,
        lambda arguments: list_reward_ledger(*period(arguments)),
        lambda: (
            _("Rewards"),
            _("Rewards in all statuses, with how each amount was calculated."),
        ),
    ),
    Ledger("my-rewards", "/refcodes", "signed_in", _MY_REWARD, _my_rewards),
    Ledger(
        "reward-debits",
        "/admin/ledgers/reward-debits",
        "admin",
        _DEBIT,
        lambda arguments: list_debit_ledger(*period(arguments)),
        lambda: (
            _("Reward debits"),
            _("Tokens that referrers owe for refunded orders, and how much was deducted."),
        ),
    ),
    Ledger(
        "visits",
        "/admin/ledgers/visits",
        "admin",
        _VISIT,
        lambda arguments: list_visit_ledger(*_days(arguments)),
        lambda: (_("Visits"), _("Visits per code and day (UTC), last 28 days.")),
    ),
)
