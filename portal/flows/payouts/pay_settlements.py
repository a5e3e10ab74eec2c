"""Pay vendors: collect due settlements in a batch, pay each payout once, close the batch.

Each step is stored before the next one, so the next run finishes what a crashed run started, and no payout is paid
twice. See docs/rules/payouts.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from models import Payout, PayoutBatch
from portal.chain import (
    Chain,
    ChainAway,
    ContractMissing,
    NodeRefused,
    NotConfigured,
    Token,
    WrongChain,
    open_payout_chain,
    open_treasury,
    own_addresses,
)
from portal.chain.audits import find_mark
from portal.chain.sending.event_audit import AUDIT_EVERY_SECONDS
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.operations import Waiting
from portal.chain.state import recall, remember
from portal.commissions import payouts
from portal.commissions.foreign_payments import count_unknown
from portal.commissions.payout_plans import read_plan
from portal.commissions.payout_queries import (
    find_batch_by_key,
    has_recent_onchain_payout,
    list_open_batches,
    list_payouts_of_batch,
    payout_wallets,
)
from portal.commissions.payout_rules import (
    NEXT_RUN,
    RATE_AWAY,
    RATE_MISSING,
    PayoutPlan,
    PlannedPayout,
    leave_out,
    wallet_refusal,
)
from portal.commissions.payouts import PayoutQuote
from portal.db import Actor, connection, database_now, transaction, without_set_aside, work_through
from portal.flows.payouts._chain_payouts import run_chain_round
from portal.flows.payouts._history import HISTORY_UNKNOWN
from portal.flows.payouts.watch_treasury import TREASURY_WATCH
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.rewards import read_rate
from portal.settings import Settings

PAYOUT_QUEUE = "payouts"
SIMULATED, ONCHAIN = "simulated", "onchain"
PAYOUT_STATE = "payout_waiting"
log = get_logger(__name__)


class PayoutPlanChanged(PortalError):
    """The plan differs from the one that the review showed."""

    code = "payout_plan_changed"


@dataclass(frozen=True)
class PayoutReport:
    """The results of the batches that a run processed; `waiting_reason` is a stable code."""

    batch_ids: tuple[int, ...] = ()
    completed: int = 0
    failed: int = 0
    under_way: int = 0
    waiting_reason: str | None = None
    waiting_detail: str = ""


@dataclass(frozen=True)
class PayoutReview:
    """What a run would pay now: the plan, the quote of each on-chain currency, and the reasons of refused payouts."""

    plan: PayoutPlan
    mode: str
    quotes: dict[str, PayoutQuote] = field(default_factory=dict)
    refused: dict[tuple[int, str], str] = field(default_factory=dict)
    problem: str | None = None


def review_payouts(settings: Settings) -> PayoutReview:
    """Return what a run would pay now, without changing anything."""
    with connection():
        plan = read_plan()
        if settings.settlement_payout_mode == SIMULATED:
            return PayoutReview(plan, SIMULATED)
        try:
            quotes = _read_quotes(settings, _sent_currencies(plan), is_payer=False)
        except Waiting as waiting:
            return PayoutReview(plan, ONCHAIN, problem=waiting.code)
        plan = _limit_to_quotes(plan, quotes)
        wallets, own = payout_wallets([payout.vendor_id for payout in plan.payouts]), own_addresses(settings)
        refused = {
            (p.vendor_id, p.currency): reason
            for p in plan.payouts
            if (reason := _refusal(p, wallets, quotes, own)) is not None
        }
        return PayoutReview(plan, ONCHAIN, quotes, refused)


def request_payouts(
    settings: Settings, actor: Actor, *, key: str | None, promised: str | None = None
) -> int | None:
    """Open a batch of the due settlements and return its id, None if nothing is due; a used key returns its batch.

    A simulated batch is paid at once, an on-chain one in the next rounds. Raises PayoutPlanChanged if `promised` is
    the digest of another plan, or Waiting if the chain cannot be queried.
    """
    with connection():
        batch_id = _open(settings, actor, is_payer=False, key=key, promised=promised)
        if batch_id is not None and settings.settlement_payout_mode == SIMULATED:
            _pay_simulated(actor)
        return batch_id


def run_payouts(settings: Settings, actor: Actor) -> PayoutReport:
    """Finish open batches, then open and pay one for what is due; chain errors are reported, not raised."""
    with connection():
        touched = [batch.id for batch in list_open_batches()]
        problem = _pay(settings, actor)
        try:
            batch_id = _open(settings, actor, is_payer=True)
        except Waiting as waiting:
            batch_id, problem = None, problem or waiting
        if batch_id is not None:
            touched.append(batch_id)
            problem = _pay(settings, actor) or problem
        _remember(problem)
        return _report(touched, problem)


def _remember(problem: Waiting | None) -> None:
    """Store why payouts wait; log it when it changes."""
    code, detail = (problem.code, problem.detail) if problem else (None, "")
    if remember(PAYOUT_STATE, {"code": code, "detail": detail}):
        if problem:
            log.warning("payouts wait", reason=code, detail=detail)
        else:
            log.info("payouts are possible")


def payout_waiting_reason() -> str | None:
    """Return the stable code of what stopped the last run, None if nothing did."""
    state = recall(PAYOUT_STATE)
    return state[0].get("code") if state else None


# ---------------------------------------------------------------------- opening


def _open(
    settings: Settings, actor: Actor, *, is_payer: bool, key: str | None = None, promised: str | None = None
) -> int | None:
    """Open the batch of due settlements; the rows stay locked from planning to commit."""
    mode = settings.settlement_payout_mode
    if key and (existing := find_batch_by_key(key)):
        return int(existing.id)
    preview = read_plan()
    payouts.set_vendors_aside(
        {(each.vendor_id, each.currency): each.failure for each in preview.excluded if each.failure}
    )
    if not preview.payouts:
        _check_promise(preview, promised)
        return None
    quotes: dict[str, PayoutQuote] = {}
    if mode == ONCHAIN:
        quotes = _read_quotes(settings, _sent_currencies(preview), is_payer=is_payer)
    with transaction():
        payouts.lock_payouts()
        if key and (existing := find_batch_by_key(key)):
            return int(existing.id)
        plan = read_plan(lock=True)
        if mode == ONCHAIN:
            plan = _limit_to_quotes(plan, quotes)
        _check_promise(plan, promised)
        if not plan.payouts:
            return None
        batch_id = payouts.open_batch(
            plan, mode=mode, key=key, actor=actor, quotes=quotes, own_addresses=own_addresses(settings)
        )
    if batch_id is not None:
        failpoint("batch_opened")
    return batch_id


def _check_promise(plan: PayoutPlan, promised: str | None) -> None:
    if promised and promised != plan.digest:
        raise PayoutPlanChanged


def _limit_to_quotes(plan: PayoutPlan, quotes: dict[str, PayoutQuote]) -> PayoutPlan:
    """Leave out currencies without a current rate, and those that became due after the rates were read."""
    away = {
        currency
        for currency, quote in quotes.items()
        if quote.units_per_usd is None and quote.rate_source != "none"
    }
    new = _sent_currencies(plan) - set(quotes)
    return leave_out(leave_out(plan, away, RATE_AWAY), new, NEXT_RUN)


def _sent_currencies(plan: PayoutPlan) -> set[str]:
    """Return the currencies in which there is something to send."""
    return {payout.currency for payout in plan.payouts if payout.amount_minor}


def _require_key(settings: Settings, *, is_payer: bool) -> None:
    """Raise Waiting if no process could pay on chain; others than the payer rely on what the jobs report."""
    if settings.settlement_payout_private_key.get_secret_value():
        return
    watched = recall(TREASURY_WATCH)
    if is_payer or watched is None or "not_configured" in watched[0]["problems"]:
        raise Waiting("not_configured", "SETTLEMENT_PAYOUT_PRIVATE_KEY is not set")


def _read_quotes(
    settings: Settings, currencies: Collection[str], *, is_payer: bool
) -> dict[str, PayoutQuote]:
    """Return the conversion rate of each currency; raise Waiting if the chain cannot be queried."""
    if not currencies:
        return {}
    _require_key(settings, is_payer=is_payer)
    opened = open_payout_chain(settings)
    if isinstance(opened, NotConfigured):
        raise Waiting("not_configured", opened.reason)
    chain, token = opened
    if not chain.contract.address:
        raise Waiting("not_configured", "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS is not set")
    if count_unknown(chain.contract.address):
        raise Waiting(HISTORY_UNKNOWN)
    decimals = _decimals(chain, token)
    quotes = {}
    for currency in sorted(currencies):
        rate = read_rate(currency, settings)
        quotes[currency] = PayoutQuote(
            chain_id=chain.chain_id,
            token_address=token.address,
            token_decimals=decimals,
            units_per_usd=rate.value,
            rate_source=rate.source,
            rate_at=rate.at,
        )
    return quotes


def _decimals(chain: Chain, token: Token) -> int:
    try:
        return token.decimals(chain.node(database_now()))
    except (ChainAway, WrongChain, NodeRefused, ContractMissing) as error:
        raise Waiting(error.code, str(error)) from None


def _refusal(
    planned: PlannedPayout, wallets: dict[int, str], quotes: dict[str, PayoutQuote], own: Collection[str]
) -> str | None:
    if planned.amount_minor == 0:
        return None
    rate_missing = RATE_MISSING if quotes[planned.currency].units_per_usd is None else None
    return wallet_refusal(wallets.get(planned.vendor_id), own) or rate_missing


# ---------------------------------------------------------------------- paying


def _pay(settings: Settings, actor: Actor) -> Waiting | None:
    """Advance every open batch and close the finished ones; return what stopped the payment, or None."""
    _pay_simulated(actor)
    batches = [batch for batch in list_open_batches() if batch.mode == ONCHAIN]
    if not batches and not has_recent_onchain_payout() and not _is_audit_due(settings):
        return None
    for batch in batches:
        payouts.begin_batch(batch.id, actor)
        _complete_empty(batch, actor)
    problem = run_chain_round(
        open_treasury(settings), actor, lambda currency, at: read_rate(currency, settings, at)
    )
    for batch in batches:
        payouts.finish_batch(batch.id, actor)
    return problem


def _is_audit_due(settings: Settings) -> bool:
    """Return whether the payout contract's history has not been compared for a minute."""
    address = settings.settlement_payout_contract_address
    if settings.settlement_payout_mode != ONCHAIN or not address:
        return False
    mark = find_mark(settings.referral_chain_id, address)
    return mark is None or mark.age_seconds >= AUDIT_EVERY_SECONDS


def _pay_simulated(actor: Actor) -> None:
    for batch in list_open_batches():
        if batch.mode != SIMULATED:
            continue
        payouts.begin_batch(batch.id, actor)
        waiting = without_set_aside(PAYOUT_QUEUE, _list_processing(batch), _id_of)
        work_through(PAYOUT_QUEUE, waiting, _id_of, lambda payout: _complete_simulated(payout, actor))
        payouts.finish_batch(batch.id, actor)
        failpoint("batch_finished")


def _id_of(payout: Payout) -> int:
    return int(payout.id)


def _complete_simulated(payout: Payout, actor: Actor) -> None:
    failpoint("payout_starting")
    payouts.complete_payout(payout.id, f"sim_{secrets.token_hex(16)}", actor, simulated=True)
    failpoint("payout_paid")


def _complete_empty(batch: PayoutBatch, actor: Actor) -> None:
    """Complete payouts of 0, all of it netted or kept as reserve: there is nothing to send."""
    empty = [payout for payout in _list_processing(batch) if payout.amount_minor == 0]
    work_through(
        PAYOUT_QUEUE,
        without_set_aside(PAYOUT_QUEUE, empty, _id_of),
        _id_of,
        lambda payout: payouts.complete_payout(payout.id, f"reserve_{payout.id}", actor, simulated=False),
    )


def _list_processing(batch: PayoutBatch) -> list[Payout]:
    return [payout for payout in list_payouts_of_batch(batch.id) if payout.status == "processing"]


def _report(batch_ids: list[int], problem: Waiting | None) -> PayoutReport:
    statuses = [payout.status for batch_id in batch_ids for payout in list_payouts_of_batch(batch_id)]
    return PayoutReport(
        tuple(batch_ids),
        statuses.count("completed"),
        statuses.count("failed"),
        statuses.count("processing"),
        problem.code if problem else None,
        problem.detail if problem else "",
    )
