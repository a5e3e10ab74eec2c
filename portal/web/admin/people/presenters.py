"""What the pages of people show: frozen values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.chain import checksum
from portal.web.text.account import role_words
from portal.web.text.events import actor_words
from portal.web.text.format import When, money, token_text, when
from portal.web.text.personal_data import obstacle_text
from portal.web.text.rewards import explorer_url
from portal.web.text.statuses import status_words

if TYPE_CHECKING:
    from models import Order, Refcode, ReferralReward, User
    from portal.flows.overviews.people import PersonOverview


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in the list."""

    id: int
    name: str
    email: str
    role: str
    state: str
    since: When


@dataclass(frozen=True, slots=True)
class WalletLink:
    """A wallet in EIP-55 and its page in the block explorer."""

    address: str
    url: str | None


@dataclass(frozen=True, slots=True)
class CodeLink:
    """A share code and its state, active or inactive."""

    code: str
    state: str
    wallet: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An order or a reward of a person."""

    reference: str
    status: str
    words: str
    amount: str
    at: When


@dataclass(frozen=True, slots=True)
class ErasureView:
    """The erasure of a person's data: since when it was asked for, None if it was not, by whom, and what prevents it.

    `can_confirm` is whether the admin who reads the page may confirm it.
    """

    requested: When | None
    asked_by: str
    is_own_request: bool
    can_confirm: bool
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as an admin sees one; `credit_account` is what the credit page searches by, "" if nothing."""

    id: int
    name: str
    email: str
    is_email_confirmed: bool
    role: str
    role_text: str
    state: str
    disabled: When | None
    since: When
    referred_by: str
    has_second_factor: bool
    credit_account: str
    wallets: tuple[WalletLink, ...]
    codes: tuple[CodeLink, ...]
    vendors: tuple[tuple[int, str], ...]
    orders: tuple[LedgerRow, ...]
    rewards: tuple[LedgerRow, ...]
    erased: When | None
    erasure: ErasureView


def person_row(user: User) -> PersonRow:
    """Return a person as a line of the list."""
    return PersonRow(
        user.id, user.name, user.email or "", role_words(user.role), _state(user), when(user.created_at)
    )


def person_view(overview: PersonOverview, reader_id: int) -> PersonView:
    """Return a person with everything that belongs to the account, for the admin who reads it."""
    user = overview.user
    wallets = tuple(_wallet(row.address) for row in overview.wallets.rows)
    return PersonView(
        id=user.id,
        name=user.name,
        email=user.email or "",
        is_email_confirmed=user.email_confirmed_at is not None,
        role=user.role,
        role_text=role_words(user.role),
        state=_state(user),
        disabled=when(user.disabled_at) if user.disabled_at else None,
        since=when(user.created_at),
        referred_by=user.referred_by_code or "",
        has_second_factor=overview.has_second_factor,
        credit_account=user.email or (wallets[0].address if wallets else ""),
        wallets=wallets,
        codes=tuple(_code(row) for row in overview.codes.rows),
        vendors=tuple((vendor.id, vendor.name) for vendor in overview.vendors.rows),
        orders=tuple(_order(row) for row in overview.orders.rows),
        rewards=tuple(_reward(row) for row in overview.rewards.rows),
        erased=when(user.erased_at) if user.erased_at else None,
        erasure=_erasure(overview, reader_id),
    )


def _erasure(overview: PersonOverview, reader_id: int) -> ErasureView:
    user = overview.user
    asked_by = user.erasure_requested_by
    return ErasureView(
        requested=when(user.erasure_requested_at) if user.erasure_requested_at else None,
        asked_by=actor_words(f"user:{asked_by}") if asked_by else "",
        is_own_request=asked_by == user.id,
        can_confirm=bool(asked_by) and reader_id not in (user.id, asked_by) and not overview.obstacles,
        obstacles=tuple(obstacle_text(obstacle) for obstacle in overview.obstacles),
    )


def _state(user: User) -> str:
    if user.erased_at is not None:
        return "erased"
    if user.disabled_at is not None:
        return "disabled"
    return "active"


def _wallet(stored: str) -> WalletLink:
    address = checksum(stored)
    return WalletLink(address, explorer_url("address", address))


def _code(row: Refcode) -> CodeLink:
    return CodeLink(row.code, "active" if row.active else "inactive", checksum(row.wallet_address))


def _order(row: Order) -> LedgerRow:
    return LedgerRow(
        row.order_reference,
        row.status,
        status_words("order", row.status),
        money(row.total_minor, row.currency),
        when(row.created_at),
    )


def _reward(row: ReferralReward) -> LedgerRow:
    return LedgerRow(
        row.order_reference,
        row.status,
        status_words("reward", row.status),
        token_text(row.reward_amount_wei),
        when(row.created_at),
    )
