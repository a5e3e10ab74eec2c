"""Write one row of a Ring deployment as a row of this portal, with an event; a repeated import changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from models import Refcode, ReferralReward, SalesAssist, Settlement
from portal.attribution import is_well_formed_code
from portal.chain import AnyChain, checksummed, own_contracts, read_paid_event
from portal.codes import find_wallet_code
from portal.commissions.rules import commission_columns
from portal.db import record_event
from portal.flows.ring_import.people import ACTOR, Newcomers
from portal.flows.ring_import.rows import (
    Row,
    RowRefused,
    decimal_of,
    moment_of,
    need_currency,
    need_minor,
    need_text,
    need_wallet,
    settlement_amounts,
    text_of,
    wei_of,
)
from portal.lib.clock import utc_now
from portal.programme import approvals_needed
from portal.rewards import (
    RewardInputs,
    RewardStatus,
    find_reward_by_reference,
    inputs_as_json,
    stored_percent,
)
from portal.settings import Settings
from portal.visits import add_history

# Other characters have a meaning in the address of a page.
_CODE = re.compile(r"[0-9A-Za-z_-]{1,64}")
# Rewards that nothing is paid for need no amount.
_WITHOUT_SIZE = (RewardStatus.FAILED, RewardStatus.REJECTED)
_REFERRER_WALLET = ("referrer_wallet", "ref_wallet", "wallet_address")
_SETTLED = {"pending", "completed", "failed", "held", "cancelled"}
_UNPAID = ("pending_approval", "approved", "failed", "rejected")
# Names of statuses in the source.
_ALIASES = {"pending": "pending_approval", "paid": "minted", "success": "minted"}


@dataclass
class Work:
    """What every writer needs; `paid` has the on-chain state of references, None when the chain cannot be read."""

    settings: Settings
    chain: AnyChain
    people: Newcomers
    paid: dict[str, bool] | None = None
    notes: list[str] = field(default_factory=list)

    @cached_property
    def own_contracts(self) -> frozenset[str]:
        """Return the contracts of this portal, to which no reward belongs."""
        return own_contracts(self.settings)


def write_refcode(row: Row, work: Work) -> bool:
    """Write a share code and its owner; return False when it exists. Raises RowRefused."""
    code = need_text(row, "code")
    wallet = need_wallet(row, work.own_contracts, "wallet_address", "wallet", "referrer_wallet")
    if not _CODE.fullmatch(code):
        raise RowRefused("code_invalid", code)
    here = Refcode.get_or_none(Refcode.code == code)
    if here is not None and here.wallet_address != wallet:
        raise RowRefused("code_taken", checksummed(here.wallet_address))
    owner = work.people.user(text_of(row, "owner_user_id", "user_id", "owner_id"), wallet)
    if here is not None:
        return False
    if (other := find_wallet_code(owner, wallet)) is not None:
        raise RowRefused("wallet_has_another_code", other.code)
    if not is_well_formed_code(code):
        work.notes.append("code_attributes_nothing_new")
    Refcode.insert(
        code=code,
        owner=owner,
        wallet_address=wallet,
        active=row.get("active") is not False,
        last_visit_at=moment_of(row, "last_visit_at"),
        created_at=moment_of(row, "created_at") or utc_now(),
    ).execute()
    add_history(code, _count(row, "visits_total", "visits"), {})
    record_event(ACTOR, "refcode", code, "code_imported", data={"wallet": wallet})
    return True


def write_reward(row: Row, work: Work) -> bool:
    """Write a reward as on chain and in the source; return False when it exists. Raises RowRefused."""
    reference = need_text(row, "order_reference")
    if find_reward_by_reference(reference) is not None:
        return False
    values = _reward_values(row, reference, work)
    if values["reward_amount_wei"] is None and values["status"] not in _WITHOUT_SIZE:
        raise RowRefused("reward_amount_missing")
    reward_id = ReferralReward.insert(values).execute()
    record_event(
        ACTOR, "reward", reward_id, "reward_imported", to_status=values["status"],
        reason=values["failure_reason"], order_reference=reference, data={"sourceStatus": text_of(row, "status")},
    )  # fmt: skip
    return True


def _reward_values(row: Row, reference: str, work: Work) -> dict[str, Any]:
    code, currency = need_text(row, "ref_code", "referral_code"), need_currency(row)
    wallet, wei = need_wallet(row, work.own_contracts, *_REFERRER_WALLET), wei_of(row)
    total = need_minor(row, "order_total", currency)
    percent = decimal_of(row, "reward_percent") or Decimal(0)
    price = decimal_of(row, "token_price_usd")
    created_at = moment_of(row, "created_at") or utc_now()
    status, reason, proof = _reward_status(row, reference, work)
    if proof is not None:
        wallet, wei = proof.wallet, proof.amount
    referrer = _referrer(row, code, wallet, work)
    referee = work.people.find_user(text_of(row, "referee_user_id"))
    inputs = RewardInputs(total, currency, Fraction(percent), (), None, "ring", None, price, "ring", None)
    return {
        "order_reference": reference,
        "order_id": text_of(row, "order_id"),
        "ref_code": code,
        "referrer_user_id": referrer,
        "referrer_wallet": wallet,
        "referee_user_id": referee if referee != referrer else None,
        "order_total_minor": total,
        "currency": currency,
        "reward_percent": stored_percent(Fraction(percent)),
        "usd_value": decimal_of(row, "usd_value"),
        "token_price_usd": price if price else None,
        "reward_amount_wei": wei,
        "reward_token": work.settings.referral_reward_token_address or text_of(row, "reward_token"),
        "chain_id": work.chain.chain_id if work.chain.configured else None,
        "rail": "crypto" if text_of(row, "rail") in ("crypto", "internal_credit") else "fiat",
        "status": status,
        "sizing": {**inputs_as_json(inputs), "import": {"status": text_of(row, "status")}},
        "tx_hash": proof.tx_hash
        if proof is not None
        else text_of(row, "tx_hash")
        if status == "minted"
        else None,
        "approved_at": None if status == RewardStatus.PENDING_APPROVAL else moment_of(row, "approved_at"),
        "failure_reason": reason,
        "created_at": created_at,
        "mintable_from": created_at,
    }


def _reward_status(row: Row, reference: str, work: Work) -> tuple[str, str | None, Any]:
    """Return (status, failure reason, the on-chain event where it decides); raise RowRefused where it is unknown."""
    status = need_text(row, "status").lower()
    status = _ALIASES.get(status, status)
    reason = text_of(row, "failure_reason", "rejection_reason", "reason")
    paid = None if work.paid is None else work.paid[reference]
    if status not in (*_UNPAID, "minting", "minted"):
        raise RowRefused("status_unknown", status)
    if paid and (status != "minted" or not text_of(row, "tx_hash")):
        proof = read_paid_event(work.chain, reference)
        if proof is None:
            raise RowRefused("paid_event_not_found", reference)
        return "minted", None, proof
    if status == "minted":
        return _minted_status(row, paid, work)
    if status == "minting":
        if paid is None:
            raise RowRefused("chain_unknown", "minting in the source, and the chain cannot be read")
        return _approved_or_waiting(row, work), None, None
    if paid is None and status == "failed" and "already" in (reason or "").lower():
        raise RowRefused("chain_unknown", reason)
    if status in ("failed", "rejected"):
        return status, reason or "imported without a reason", None
    return _approved_or_waiting(row, work) if status == RewardStatus.APPROVED else status, None, None


def _approved_or_waiting(row: Row, work: Work) -> RewardStatus:
    """Return the status of a reward that the source calls approved: nobody here has approved it a second time."""
    if approvals_needed(decimal_of(row, "usd_value"), work.settings.referral_second_approval_usd) <= 1:
        return RewardStatus.APPROVED
    work.notes.append("needs_second_approval")
    return RewardStatus.PENDING_APPROVAL


def _minted_status(row: Row, paid: bool | None, work: Work) -> tuple[str, None, None]:
    if not text_of(row, "tx_hash"):
        raise RowRefused("tx_hash_missing")
    if paid is False:
        # Never paid again; the audit reports it.
        work.notes.append("minted_not_on_chain")
    return "minted", None, None


def _referrer(row: Row, code: str, wallet: str, work: Work) -> int:
    known = Refcode.get_or_none(Refcode.code == code)
    if known is not None:
        return int(known.owner_user_id)
    return work.people.user(text_of(row, "referrer_user_id"), wallet)


def write_settlement(row: Row, work: Work) -> bool:
    """Write a vendor's settlement; return False when it exists. Raises RowRefused."""
    reference, currency = need_text(row, "order_reference"), need_currency(row)
    kind = text_of(row, "kind") or "sale"
    source_vendor = need_text(row, "vendor_id", "store_id", "merchant_id")
    vendor = work.people.vendor(source_vendor)
    source = {"id": text_of(row, "id"), "vendorId": source_vendor, "status": text_of(row, "status")}
    if _is_settled(reference, vendor, kind, source["id"]):
        return False
    amounts = settlement_amounts(row, currency)
    status, reason = _settlement_status(row)
    created = moment_of(row, "created_at") or utc_now()
    settlement_id = Settlement.insert(
        order_reference=reference,
        order_id=text_of(row, "order_id"),
        vendor=vendor,
        kind=kind,
        amount_minor=amounts.amount,
        currency=currency,
        commission_minor=amounts.commission,
        net_payout_minor=amounts.net,
        status=status,
        scheduled_for=moment_of(row, "scheduled_for") or created,
        processed_at=moment_of(row, "processed_at"),
        transaction_id=text_of(row, "transaction_id"),
        failure_reason=reason,
        metadata={"commissionBreakdown": amounts.breakdown, "import": source},
        **commission_columns(amounts.breakdown, currency),
        created_at=created,
    ).execute()
    record_event(
        ACTOR, "settlement", settlement_id, "settlement_imported", to_status=status, reason=reason,
        order_reference=reference, data=source,
    )  # fmt: skip
    return True


def _settlement_status(row: Row) -> tuple[str, str | None]:
    status, reason = need_text(row, "status").lower(), text_of(row, "failure_reason")
    if status == "processing":
        # Whether the source sent the money is unknown here.
        return "held", "imported_while_processing"
    if status not in _SETTLED:
        raise RowRefused("status_unknown", status)
    return status, reason


def _is_settled(reference: str, vendor: int, kind: str, source_id: str | None) -> bool:
    rows = Settlement.select().where(
        (Settlement.order_reference == reference) & (Settlement.vendor == vendor) & (Settlement.kind == kind)
    )
    if kind == "sale":
        return rows.exists()
    if source_id is None:
        raise RowRefused("id_missing", "a refund without an id cannot be distinguished from another")
    return any(row.metadata.get("import", {}).get("id") == source_id for row in rows)


def write_assist(row: Row, work: Work) -> bool:
    """Write a sales assist; return False when it exists. Raises RowRefused."""
    reference, currency = need_text(row, "order_reference"), need_currency(row)
    code, vendor = (
        need_text(row, "referral_code", "ref_code"),
        work.people.vendor(need_text(row, "vendor_id")),
    )
    here = (SalesAssist.order_reference == reference) & (SalesAssist.vendor == vendor)
    if SalesAssist.select().where(here).exists():
        return False
    known = Refcode.get_or_none(Refcode.code == code)
    referrer = known.owner_user_id if known else work.people.find_user(text_of(row, "referrer_user_id"))
    if referrer is None:
        raise RowRefused("referrer_unknown", code)
    assist_id = SalesAssist.insert(
        order_reference=reference,
        order_id=text_of(row, "order_id"),
        vendor=vendor,
        referral_code=code,
        referrer_user_id=referrer,
        subtotal_minor=need_minor(row, "subtotal", currency),
        currency=currency,
        created_at=moment_of(row, "created_at") or utc_now(),
    ).execute()
    record_event(ACTOR, "assist", assist_id, "assist_imported", order_reference=reference)
    return True


def _count(row: Row, *names: str) -> int:
    count = decimal_of(row, *names) or Decimal(0)
    if count != count.to_integral_value() or not 0 <= count < 2**63:
        raise RowRefused("count_invalid", count)
    return int(count)
