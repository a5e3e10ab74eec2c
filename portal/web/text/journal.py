"""The journal in words: accounts, kinds of transfer, amounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.journal import IN_WEI, AccountBalance
from portal.web.text.format import money, token_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import JournalTransfer


@dataclass(frozen=True, slots=True)
class AccountName:
    """An account in words; `owner` is whose it is, empty for an account of the platform."""

    account: str
    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as pages show it."""

    created_at: datetime
    what: str
    debit: AccountName
    credit: AccountName
    amount: str
    order_reference: str | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One kind of account in the trial balance; one of `debit` and `credit` is empty."""

    name: str
    accounts: int
    debit: str
    credit: str

    @property
    def is_empty(self) -> bool:
        """Whether the balance is zero."""
        return not (self.debit or self.credit)


def account_kind(kind: str) -> str:
    """Return what a kind of account is called."""
    return {
        "processor": _("Money at the payment provider"),
        "clearing": _("Clearing"),
        "credit": _("Credit of buyers"),
        "credit_issued": _("Credit issued"),
        "vendor_payable": _("Owed to vendors"),
        "vendor_reserve": _("Reserve of vendors"),
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
    }.get(kind, kind)


def account_name(account: str) -> AccountName:
    """Return one account in words."""
    kind, _colon, owner = account.partition(":")
    return AccountName(account, account_kind(kind), owner)


def transfer_kind(kind: str) -> str:
    """Return what a transfer did; a correction says so."""
    plain = kind.removesuffix("_reversed")
    said = {
        "payment": _("Buyer paid"),
        "refund": _("Refunded to the buyer"),
        "membership": _("Membership sold"),
        "credit_added": _("Credit added"),
        "credit_spent": _("Credit spent"),
        "credit_returned": _("Credit returned"),
        "vendor_payable": _("Vendor's share"),
        "platform_commission": _("Platform commission"),
        "referral_commission": _("Referral commission"),
        "custom_split": _("Custom split"),
        "payout_settled": _("Settled by a payout"),
        "payout_sent": _("Payout sent"),
        "paid_before": _("Paid before the import"),
        "reserve_kept": _("Reserve kept"),
        "reserve_released": _("Reserve released"),
        "reward_granted": _("Reward granted"),
        "reward_minted": _("Reward minted"),
        "reward_debited": _("Reward owed back"),
        "debit_netted": _("Kept back for a debit"),
    }.get(plain, plain)
    return _("%(what)s (taken back)", what=said) if plain != kind else said


def amount_text(amount: int, currency: str) -> str:
    """Return an amount of minor units or wei with its currency or symbol."""
    return token_text(amount) if currency == IN_WEI else money(amount, currency)


def transfer_row(transfer: JournalTransfer) -> TransferRow:
    """Return a transfer as pages show it."""
    return TransferRow(
        transfer.created_at,
        transfer_kind(transfer.kind),
        account_name(transfer.debit_account),
        account_name(transfer.credit_account),
        amount_text(transfer.amount, transfer.currency),
        transfer.order_reference,
    )


def balance_row(balance: AccountBalance) -> BalanceRow:
    """Return one kind of account in the trial balance."""
    return BalanceRow(
        account_kind(balance.kind),
        balance.accounts,
        amount_text(-balance.balance, balance.currency) if balance.balance < 0 else "",
        amount_text(balance.balance, balance.currency) if balance.balance > 0 else "",
    )
