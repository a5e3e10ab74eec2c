"""The results of a store's customer, as a page of the store shows them. See docs/rules/stores.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.codes import find_store_code, share_url
from portal.flows.overviews.referrer_overview import referrer_overview
from portal.runtime import current_portal
from portal.web.core.urls import url_for
from portal.web.text.format import tokens
from portal.web.text.payment_checks import payment_check
from portal.web.text.rewards import RewardRow, reward_rows
from portal.web.text.share_codes import VisitTile, visit_tiles

if TYPE_CHECKING:
    from models import ReferralReward, Store, StoreReferrer


@dataclass(frozen=True, slots=True)
class EmbeddedReward:
    """A reward with the public page that checks its payment on chain, None before it is paid."""

    row: RewardRow
    proof_url: str | None


@dataclass(frozen=True, slots=True)
class EmbeddedResults:
    """What a store's page shows of its customer: visits and rewards; nothing of the account itself."""

    visits: list[VisitTile]
    earned: str
    minted: str
    rewards: tuple[EmbeddedReward, ...]


@dataclass(frozen=True, slots=True)
class EmbeddedCode:
    """The share link of a store's customer; `is_connected` is set while an account shows its results."""

    code: str
    share_url: str
    is_active: bool
    has_wallet: bool
    is_connected: bool


def embedded_code(referrer: StoreReferrer) -> EmbeddedCode | None:
    """Return the code of a store's customer, None for one from before customers had codes of their own."""
    code = find_store_code(referrer.id)
    if code is None:
        return None
    return EmbeddedCode(
        code.code,
        share_url_in_store(referrer.store, code.code),
        code.active,
        bool(code.wallet_address),
        referrer.user_id is not None,
    )


def visible_results(referrer: StoreReferrer) -> EmbeddedResults | None:
    """Return the results of the connected account, or those of the customer alone before an account is connected.

    An account that ended the connection shows nothing, though it has the code.
    """
    code, user_id = find_store_code(referrer.id), referrer.user_id
    if user_id is None and code is not None and code.owner_user_id == referrer.own_user_id:
        user_id = code.owner_user_id
    return None if user_id is None else _results_of(user_id)


def share_url_in_store(store: Store, code: str) -> str:
    """Return the link to the store's own pages, to the portal's where the store registered none."""
    base = f"{store.origins[0]}/" if store.origins else current_portal().settings.app_url
    return share_url(base, code)


def _results_of(user_id: int) -> EmbeddedResults:
    overview = referrer_overview(user_id, current_portal().settings)
    wei = {status: amount for status, (_count, amount) in overview.totals.items()}
    return EmbeddedResults(
        visits=visit_tiles(overview.visits),
        earned=tokens(wei["minted"] + wei["approved"] + wei["minting"] + wei["pending_approval"]),
        minted=tokens(wei["minted"]),
        rewards=tuple(
            EmbeddedReward(row, _proof_url(reward))
            for row, reward in zip(reward_rows(overview.rewards.rows), overview.rewards.rows, strict=True)
        ),
    )


def _proof_url(reward: ReferralReward) -> str | None:
    check = payment_check(reward)
    return url_for("proof.show", payment_hash=check.payment_hash) if check else None
