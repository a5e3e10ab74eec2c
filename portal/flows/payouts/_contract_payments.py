"""Pay vendors through the contract: choose payouts, simulate, sign and commit, send, and settle by proof.

The contract pays a reference once, so a payout that is proven unpaid is sent again under its reference. See
docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from portal.chain import Payment, checksum, order_ref
from portal.chain.contract.abi import Revert
from portal.chain.contract.proofs import ProvenPayment, prove_payments
from portal.chain.contract.rewards import Facts, PaidEvent, RewardsContract
from portal.chain.contract.token import tokens_text
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.operations import Waiting, store_draft
from portal.chain.sending.readiness import TRANSIENT_REVERTS, WAITING_CODES, require_ready
from portal.chain.sending.sender import Item, OpenTransaction, Outcome
from portal.chain.state import raise_alert
from portal.commissions import payouts
from portal.commissions.foreign_payments import list_foreign, record_foreign
from portal.commissions.payout_queries import Transfer, list_unsent
from portal.commissions.payout_references import find_claims, lock_sendable, tokens_of
from portal.commissions.payout_rules import PAID_DIFFERENTLY, REFERENCE_USED, REVERTED, wallet_refusal
from portal.flows.payouts._context import PayoutRound
from portal.lib.types import Address, Wei

_PAYOUTS_PER_ROUND = 20
_REFILLS = 20
_MOST_REVERTS = 6
_GAS_MARGIN_PERCENT = 125


# ---------------------------------------------------------------------- settling


def settle_payments(context: PayoutRound, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Close a transaction and complete each of its payouts that final blocks prove; the others wait again."""
    contract = RewardsContract(transaction.to_address)
    items = {item.order_ref: item for item in transaction.items if item.order_ref}
    tokens = tokens_of([item.item_id for item in transaction.items])
    flags = contract.paid(context.node, list(items), context.finalized.number)
    paid = [ref for ref, flag in zip(items, flags, strict=True) if flag]
    receipts = [outcome.receipt] if outcome.receipt else []
    proofs = prove_payments(context.node, contract, paid, context.finalized.number, receipts)
    missing = [ref for ref in paid if ref not in proofs]
    if missing:
        for ref in missing:
            raise_alert("payment_event_missing", ref, contract=contract.address, transaction=transaction.id)
        return
    failpoint("payout_settling")
    with context.leader.writing():
        if sender.settle(transaction.id, outcome):
            for ref, proof in proofs.items():
                _complete_or_fail(context, items[ref], tokens[items[ref].item_id], proof)
    failpoint("payout_settled")


def _complete_or_fail(context: PayoutRound, item: Item, token: str, proof: ProvenPayment) -> None:
    """Complete a payout that was paid to its wallet as owed; fail it otherwise, inside the caller's transaction."""
    if proof.covers(item.recipient, item.amount_wei) and proof.token == token:
        payouts.complete_payout(item.item_id, proof.event.tx_hash, context.actor, simulated=False)
    else:
        _fail_paid(context, item.item_id, PAID_DIFFERENTLY, proof)


def _fail_paid(context: PayoutRound, payout_id: int, reason: str, proof: ProvenPayment) -> None:
    event = proof.event
    payouts.fail_payout(payout_id, reason, context.actor, transaction_id=event.tx_hash)
    raise_alert(
        reason,
        event.order_ref,
        payout=payout_id,
        tx_hash=event.tx_hash,
        wallet=event.wallet,
        wei=str(event.amount),
    )


def heal_paid(context: PayoutRound, proofs: dict[str, ProvenPayment]) -> None:
    """Settle processing payouts without an open transaction by what final events prove about their references.

    A payment of a payout that was not signed here, and not paid exactly as owed, stops payouts until it is adopted.
    """
    claims = find_claims(context.contract.address, proofs)
    foreign = list_foreign(context.contract.address, proofs)
    tokens = tokens_of([claim.payout_id for claim in claims.values()])
    with context.leader.writing():
        for ref, claim in claims.items():
            if not lock_sendable([claim.payout_id]):
                continue
            proof, payout_id = proofs[ref], claim.payout_id
            event, is_in_token = proof.event, proof.is_delivered and proof.token == tokens[payout_id]
            if ref in foreign:
                # The payment was adopted for something else; while it is unknown nothing is sent at all.
                _fail_paid(context, payout_id, REFERENCE_USED, proof)
            elif claim.is_signed:
                item = Item(payout_id, Address(claim.wallet), Wei(claim.amount_wei), ref)
                _complete_or_fail(context, item, tokens[payout_id], proof)
            elif is_in_token and claim.pays(event.wallet, event.amount):
                payouts.complete_payout(payout_id, event.tx_hash, context.actor, simulated=False)
                record_foreign(context.seen(event), payout_id)
            else:
                record_foreign(context.seen(event))
                alert_payment("payout_unknown", event)


def alert_payment(kind: str, event: PaidEvent) -> None:
    """Raise an alert about a payment of the contract."""
    raise_alert(kind, event.order_ref, tx_hash=event.tx_hash, wallet=event.wallet, wei=str(event.amount))


# ---------------------------------------------------------------------- choosing


def claim_and_send(context: PayoutRound) -> None:
    """Send one transaction for the oldest payouts that can be paid; raise Waiting while nothing can be."""
    facts = context.contract.facts(context.node, context.key.address)
    require_ready(facts, context.chain, context.key.address)
    chosen = _candidates(context, facts)
    _note_larger(context, facts)
    if chosen and (payable := _payable(context, chosen)):
        _send(context, payable, facts)


def _list_unsent(context: PayoutRound, limit: int, **condition: int | None) -> list[Transfer]:
    token, contract = context.treasury.token.address, context.contract.address
    return list_unsent(context.chain.chain_id, token, contract, limit, **condition)  # type: ignore[arg-type]


def _limits(facts: Facts) -> dict[str, int]:
    """Return the most that one payout can be now, by the code of what limits it."""
    limits = {
        "treasury_empty": facts.treasury,
        "reward_cap": facts.reward_cap,
        "daily_cap": facts.remaining_today,
    }
    return {code: limit for code, limit in limits.items() if limit is not None}


def _candidates(context: PayoutRound, facts: Facts) -> list[Transfer]:
    """Return the oldest payouts that fit together; a payout that is too large now does not stop smaller ones."""
    limits = _limits(facts)
    for _ in range(_REFILLS):
        unsent = _list_unsent(context, _PAYOUTS_PER_ROUND, at_most_wei=min(limits.values()))
        dropped = _drop_refused(context, unsent)
        waiting = [payout for payout in unsent if payout.payout_id not in dropped]
        paid = _drop_paid(context, waiting)
        waiting = [payout for payout in waiting if payout.order_ref not in paid]
        if waiting or not unsent:
            return _fitting(waiting, min(limits[code] for code in limits if code != "reward_cap"))
    return []


def _fitting(waiting: Sequence[Transfer], budget: int) -> list[Transfer]:
    total, fitting = 0, []
    for payout in waiting:
        if total + payout.amount_wei <= budget:
            total += payout.amount_wei
            fitting.append(payout)
    return fitting


def _note_larger(context: PayoutRound, facts: Facts) -> None:
    code, limit = min(_limits(facts).items(), key=lambda entry: entry[1])
    larger = _list_unsent(context, 1, above_wei=limit)
    if larger:
        decimals = context.treasury.token.decimals(context.node)
        left, needed = tokens_text(limit, decimals), tokens_text(larger[0].amount_wei, decimals)
        context.note(Waiting(code, f"{left} tokens are left, a payout needs {needed}"))


def _drop_refused(context: PayoutRound, unsent: Sequence[Transfer]) -> set[int]:
    """Fail payouts to an address that became one of the portal's, and those that keep reverting."""
    reverts = sender.count_reverts("payout", [payout.payout_id for payout in unsent])
    refused = {
        payout.payout_id: reason
        for payout in unsent
        if (reason := wallet_refusal(payout.wallet, context.treasury.own_addresses))
        or (reason := REVERTED if reverts.get(payout.payout_id, 0) >= _MOST_REVERTS else None)
    }
    _fail(context, refused)
    return set(refused)


def _drop_paid(context: PayoutRound, waiting: Sequence[Transfer]) -> set[str]:
    """Settle payouts whose payment is final; return the references that the chain shows as paid."""
    refs = [payout.order_ref for payout in waiting]
    flags = context.contract.paid(context.node, refs, "latest")
    paid = [ref for ref, flag in zip(refs, flags, strict=True) if flag]
    if paid:
        heal_paid(context, prove_payments(context.node, context.contract, paid, context.finalized.number))
    return set(paid)


def _fail(context: PayoutRound, reasons: dict[int, str]) -> None:
    if reasons:
        with context.leader.writing():
            for payout_id in lock_sendable(list(reasons)):
                payouts.fail_payout(payout_id, reasons[payout_id], context.actor)


# ---------------------------------------------------------------------- simulating and sending


def _payable(context: PayoutRound, chosen: list[Transfer]) -> list[Transfer]:
    """Return the payouts that can be sent together; fail those that the token refuses on their own.

    A payout that reverted on chain is sent alone, and a control payment shows whether every payment is refused.
    """
    reverts = sender.count_reverts("payout", [payout.payout_id for payout in chosen])
    if chosen[0].payout_id in reverts:
        chosen = chosen[:1]
    else:
        chosen = [payout for payout in chosen if payout.payout_id not in reverts]
    if _simulate(context, chosen) is None:
        return chosen
    control = Payment(context.key.address, Wei(1), order_ref(f"control:{context.latest.hash}"))
    refusal = context.contract.simulate(context.node, context.key.address, [control])
    if refusal is not None:
        raise Waiting(WAITING_CODES.get(refusal.root.name, "token_refuses"), refusal.text)
    outcomes = {payout.payout_id: _simulate(context, [payout]) for payout in chosen}
    refused = {
        payout_id: f"the token refuses this payment: {revert.text}"[:500]
        for payout_id, revert in outcomes.items()
        if revert and revert.root.name not in TRANSIENT_REVERTS
    }
    _fail(context, refused)
    good = [payout for payout in chosen if outcomes[payout.payout_id] is None]
    return good if len(good) < 2 or _simulate(context, good) is None else good[:1]


def _simulate(context: PayoutRound, chosen: Sequence[Transfer]) -> Revert | None:
    return context.contract.simulate(context.node, context.key.address, _payments(chosen))


def _payments(chosen: Sequence[Transfer]) -> list[Payment]:
    return [Payment(Address(row.wallet), Wei(row.amount_wei), row.order_ref) for row in chosen]


def _send(context: PayoutRound, chosen: list[Transfer], facts: Facts) -> None:
    """Sign and commit one transaction, and only then send it."""
    account, contract, fees = context.key.address, context.contract, context.fees()
    gas = context.node.estimate_gas(account, contract.address, contract.encode_payment(_payments(chosen)))
    if isinstance(gas, Revert):
        raise Waiting("contract_refuses", gas.text)
    gas_limit = gas * _GAS_MARGIN_PERCENT // 100
    # Rewards may share the account: what its unmined transactions cost is spent already.
    cost = context.reserved(context.nonce, contract.address).gas_wei + gas_limit * fees.max_fee
    if facts.operator_balance < cost:
        raise Waiting("no_gas", f"{checksum(account)} has {facts.operator_balance} of {cost} wei")
    with context.leader.writing():
        sendable = set(lock_sendable([payout.payout_id for payout in chosen]))
        claimed = [payout for payout in chosen if payout.payout_id in sendable]
        if not claimed:
            return
        items = tuple(
            Item(row.payout_id, payment.wallet, payment.amount, payment.order_ref)
            for row, payment in zip(claimed, _payments(claimed), strict=True)
        )
        calldata = contract.encode_payment(_payments(claimed))
        draft = sender.Draft("payout", contract.address, calldata, gas_limit, items)
        signed = store_draft(context, draft, fees, context.nonce)
    failpoint("payout_committed")
    sender.send(context.node, signed.tx_hash, signed.raw)
    failpoint("payout_sent")
