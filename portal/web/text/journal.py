"""Texts of the journal: names of accounts, kinds of transfer, amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.journal import IN_WEI, AccountBalance
from portal.web.text.format import money, token_text
from portal.web.text.methods import method_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import per_language

if TYPE_CHECKING:
    from models import JournalTransfer


@dataclass(frozen=True, slots=True)
class AccountLabel:
    """An account of the journal: its identifier, its kind in words, and its owner's name or number, "" if none."""

    account: str
    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as a table shows it; `order_reference` is None for one that belongs to no order."""

    created_at: datetime
    kind: str
    debit: AccountLabel
    credit: AccountLabel
    amount: str
    order_reference: str | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One line of the trial balance; of `debit` and `credit` at most one is set."""

    name: str
    accounts: int
    debit: str
    credit: str

    @property
    def is_empty(self) -> bool:
        """Whether the balance is zero."""
        return not self.debit and not self.credit


def account_kind(kind: str) -> str:
    """Return the name of a kind of account."""
    return _account_kinds().get(kind, kind)


@per_language
def _account_kinds() -> dict[str, str]:
    return {
        "processor": _("Money at the payment provider"),
        "clearing": _("Clearing"),
        "credit": _("Credit of buyers"),
        "credit_issued": _("Credit issued"),
        "vendor_payable": _("Owed to vendors"),
        "vendor_receivable": _("Owed by vendors"),
        "vendor_reserve": _("Reserve of vendors"),
        "commissions_received": _("Commissions received"),
        "pass_through": _("Passed on to stores"),
        "vendors_paid": _("Paid to vendors"),
        "payout": _("Payout under way"),
        "platform_commission": _("Platform commission"),
        "referral_commission": _("Referral commission"),
        "split_payable": _("Owed to other recipients"),
        "membership_revenue": _("Membership revenue"),
        "reward_expense": _("Reward expense"),
        "reward_payable": _("Owed to referrers"),
        "reward_debit": _("Owed by referrers"),
        "tokens_minted": _("Tokens minted"),
    }


def account_label(account: str, owners: Mapping[str, str]) -> AccountLabel:
    """Return an account's label; `owners` maps accounts to names, and an account without a name shows its number."""
    kind, _colon, number = account.partition(":")
    name = method_words(number) if kind == "processor" else number
    return AccountLabel(account, account_kind(kind), owners.get(account, name))


def transfer_kind(kind: str) -> str:
    """Return the name of a kind of transfer; a reversal is marked."""
    plain = kind.removesuffix("_reversed")
    text = _transfer_kinds().get(plain, plain)
    return _("%(what)s (taken back)", what=text) if plain != kind else text


@per_language
def _transfer_kinds() -> dict[str, str]:
    return {
        "payment": _("Buyer paid"),
        "refund": _("Refunded to the buyer"),
        "membership": _("Membership sold"),
        "credit_added": _("Credit added"),
        "credit_given_up": _("Credit given up"),
        "credit_spent": _("Credit spent"),
        "credit_returned": _("Credit returned"),
        "vendor_payable": _("Vendor's share"),
        "platform_commission": _("Platform commission"),
        "referral_commission": _("Referral commission"),
        "custom_split": _("Custom split"),
        "payout_settled": _("Settled by a payout"),
        "payout_sent": _("Payout sent"),
        "passed_on": _("Passed on to the store"),
        "statement_paid": _("Statement paid"),
        "statement_payment": _("Statement paid at the provider"),
        "paid_before": _("Paid before the import"),
        "reserve_kept": _("Reserve kept"),
        "reserve_released": _("Reserve released"),
        "reward_granted": _("Reward granted"),
        "reward_minted": _("Reward minted"),
        "reward_debited": _("Reward owed back"),
        "debit_netted": _("Kept back for a debit"),
    }


def amount_text(amount: int, currency: str) -> str:
    """Return an amount of minor units or wei with its currency or symbol."""
    return token_text(amount) if currency == IN_WEI else money(amount, currency)


def transfer_row(transfer: JournalTransfer, owners: Mapping[str, str]) -> TransferRow:
    """Return a transfer as a table shows it; `owners` maps accounts to names."""
    return TransferRow(
        created_at=transfer.created_at,
        kind=transfer_kind(transfer.kind),
        debit=account_label(transfer.debit_account, owners),
        credit=account_label(transfer.credit_account, owners),
        amount=amount_text(transfer.amount, transfer.currency),
        order_reference=transfer.order_reference,
    )


def balance_row(balance: AccountBalance) -> BalanceRow:
    """Return a line of the trial balance as a table shows it."""
    text = amount_text(abs(balance.balance), balance.currency)
    return BalanceRow(
        name=account_kind(balance.kind),
        accounts=balance.accounts,
        debit=text if balance.balance < 0 else "",
        credit=text if balance.balance > 0 else "",
    )
