"""Queues, money and the steps to the first sale, as the home of admins shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.flows.overviews.money_overview import CurrencyMoney, TokenMoney
from portal.flows.overviews.waiting_work import COUNT_LIMIT
from portal.web.core.urls import url_for
from portal.web.text.format import money, number, token_text
from portal.web.text.translate import gettext as _


@dataclass(frozen=True, slots=True)
class QueueTile:
    """A queue that is not empty, and where it is worked on."""

    label: str
    count: str
    url: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step to the first sale; without a URL it is done in the settings of the server."""

    title: str
    text: str
    url: str | None
    is_done: bool


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """The money of one currency in words."""

    currency: str
    due: str
    owed: str
    receivable: str
    sold: str


@dataclass(frozen=True, slots=True)
class TokenTile:
    """An amount of reward tokens with its meaning."""

    label: str
    amount: str
    url: str


def queue_tiles(waiting: Mapping[str, int]) -> list[QueueTile]:
    """Return the queues that hold something, the most urgent first."""
    queues = {
        "rewards": (_("Rewards to approve"), url_for("admin.rewards.list")),
        "proposals": (_("Waiting for a second admin"), url_for("admin.payments.proposals")),
        "applications": (_("Referrer applications"), url_for("admin.programme.applications")),
        "erasures": (_("Accounts to erase"), url_for("admin.people.list", state="erasure_requested")),
        "cancelled_parts": (_("Cancelled by vendors"), url_for("admin.orders.list", waiting="yes")),
        "failed_rewards": (_("Failed rewards"), url_for("admin.rewards.list", status="failed")),
        "failed_settlements": (
            _("Failed settlements"),
            url_for("admin.commissions.settlements", status="failed"),
        ),
        "held_settlements": (_("Held settlements"), url_for("admin.commissions.settlements", status="held")),
        "callbacks": (_("Unmatched callbacks"), url_for("admin.payments.inbox")),
        "ledgers": (_("Not recorded yet"), url_for("admin.audit.search", _anchor="rails")),
        "unknown_payments": (_("Unknown payments"), url_for("admin.commissions.unknown_payments")),
        "statements": (_("Open statements"), url_for("admin.commissions.statements")),
        "refunds": (_("Refunds at the payment provider"), url_for("exports.ledgers")),
        "deliveries": (_("Failed webhook deliveries, 7 days"), url_for("admin.stores.index")),
        "failing": (_("Set aside"), url_for("admin.payments.failing")),
    }
    return [
        QueueTile(label, _capped(waiting[name]), url)
        for name, (label, url) in queues.items()
        if waiting[name]
    ]


def _capped(count: int) -> str:
    return number(count) if count < COUNT_LIMIT else _("more than 1,000")


def step_rows(steps: Sequence[tuple[str, bool]]) -> list[StepRow]:
    """Return the steps to the first sale in words, each with the page where it is done."""
    words = {
        "brand": (
            _("Give the portal your name"),
            _("Pages and e-mails show the name of your brand."),
            url_for("admin.settings.show"),
        ),
        "vendor": (
            _("Create a vendor"),
            _("Every sale belongs to a vendor, even if you are the only seller."),
            url_for("admin.vendors.list"),
        ),
        "goods": (
            _("Add a product or connect a store"),
            _("Sell in this shop, or let your own store report its orders."),
            url_for("admin.products.new"),
        ),
        "mail": (
            _("Set up mail"),
            _("Without SMTP_URL, nobody can confirm an address or reset a password."),
            None,
        ),
        "contract": (
            _("Connect the rewards contract"),
            _("Without POLYGON_RPC_URL and REFERRAL_REWARDS_ADDRESS, approved rewards wait."),
            None,
        ),
        "second_admin": (
            _("Add a second admin"),
            _("Give another account the admin role. Amounts above a limit need two admins."),
            url_for("admin.people.list"),
        ),
    }
    return [StepRow(*words[code], is_done) for code, is_done in steps]


def money_rows(currencies: Sequence[CurrencyMoney]) -> list[MoneyRow]:
    """Return the money of each currency."""
    return [
        MoneyRow(
            row.currency,
            due=money(row.due, row.currency),
            owed=money(row.owed, row.currency),
            receivable=money(row.receivable, row.currency),
            sold=money(row.sold, row.currency),
        )
        for row in currencies
    ]


def token_tiles(tokens: TokenMoney) -> list[TokenTile]:
    """Return what happens to reward tokens."""
    return [
        TokenTile(_("Waiting for approval"), token_text(tokens.pending), url_for("admin.rewards.list")),
        TokenTile(
            _("Approved, not sent yet"),
            token_text(tokens.approved),
            url_for("admin.rewards.list", status="approved"),
        ),
        TokenTile(
            _("Sent this month"), token_text(tokens.minted), url_for("admin.rewards.list", status="minted")
        ),
    ]
