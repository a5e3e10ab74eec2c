"""People for admins: search, and everything about one person on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models import Order, Refcode, ReferralReward, User, Vendor, Wallet
from portal.accounts import (
    ROLES,
    account_enabled,
    find_user_by_email,
    get_user,
    has_second_factor,
    page_of_wallets,
)
from portal.catalogue import list_vendors_of_user
from portal.codes import page_of_codes
from portal.db import Keyset, Page, has_part, page_of_list
from portal.flows.personal_data.obstacles import Obstacle, list_obstacles
from portal.lib.addresses import InvalidAddress, canonical_address
from portal.lib.errors import PortalError
from portal.orders import list_orders_of_buyer
from portal.rewards import list_rewards_of_referrer

PEOPLE_PAGE = 50
REWARDS_PAGE, CODES_PAGE = 25, 20
STATES = ("active", "disabled", "erasure_requested", "erased")


class PersonUnknown(PortalError):
    """There is no account with this id."""

    code = "user_unknown"


@dataclass(frozen=True)
class PeopleFilter:
    """What narrows the list of people: "" leaves out a filter.

    `search` is part of a name or an e-mail, or a whole wallet or code; `role` is one of ROLES, `state` of STATES.
    """

    search: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True)
class PersonOverview:
    """An account with a page each of its wallets, codes, vendors, orders and rewards.

    `obstacles` are the reasons against erasing its personal data now.
    """

    user: User
    has_second_factor: bool
    wallets: Page[Wallet]
    codes: Page[Refcode]
    vendors: Page[Vendor]
    orders: Page[Order]
    rewards: Page[ReferralReward]
    obstacles: list[Obstacle]


def list_people(filters: PeopleFilter, cursor: str | None = None) -> Page[User]:
    """Return a page of people, newest first; raise CursorInvalid."""
    return list_people_ledger(filters).page(cursor, PEOPLE_PAGE)


def list_people_ledger(filters: PeopleFilter) -> Keyset[User]:
    """Return all people that a filter matches, newest first."""
    rows = User.select()
    if filters.search:
        rows = rows.where(_matches(filters.search))
    if filters.role in ROLES:
        rows = rows.where(User.role == filters.role)
    if filters.state in STATES:
        rows = rows.where(_is_in_state(filters.state))
    return Keyset(rows, User.id)


def person_overview(
    user_id: int, language: str, cursors: Mapping[str, str] = MappingProxyType({})
) -> PersonOverview:
    """Return everything about one person; raise UserUnknown or CursorInvalid.

    `cursors` are those of the lists: orders, rewards, wallets, codes, vendors.
    """
    if not 0 < user_id < 2**63:
        raise PersonUnknown
    return PersonOverview(
        get_user(user_id),
        has_second_factor(user_id),
        page_of_wallets(user_id, cursors.get("wallets")),
        page_of_codes(user_id, cursors.get("codes"), CODES_PAGE),
        page_of_list(
            list_vendors_of_user(user_id, language), cursors.get("vendors"), CODES_PAGE, lambda row: (row.id,)
        ),
        list_orders_of_buyer(user_id, cursors.get("orders")),
        list_rewards_of_referrer(user_id, cursors.get("rewards"), REWARDS_PAGE),
        list_obstacles(user_id),
    )


def _is_in_state(state: str) -> Any:
    conditions = {
        "active": account_enabled(),
        "disabled": ~account_enabled() & User.erased_at.is_null(),
        "erasure_requested": User.erasure_requested_at.is_null(False),
        "erased": User.erased_at.is_null(False),
    }
    return conditions[state]


def _matches(search: str) -> Any:
    owner = find_user_by_email(search) if "@" in search else None
    if owner is not None:
        return User.id == owner.id
    try:
        return _has_wallet(canonical_address(search))
    except InvalidAddress:
        return _has_part(search)


def _has_wallet(address: str) -> Any:
    """Return the condition of a person who has the wallet, or had it: the code of a wallet outlives its link."""
    linked = Wallet.select(Wallet.user).where(Wallet.address == address)
    coded = Refcode.select(Refcode.owner).where(Refcode.wallet_address == address)
    return User.id.in_(linked) | User.id.in_(coded)


def _has_part(search: str) -> Any:
    owner_of_code = Refcode.select(Refcode.owner).where(Refcode.code == search)
    return has_part(User.name, search) | has_part(User.email, search) | User.id.in_(owner_of_code)
