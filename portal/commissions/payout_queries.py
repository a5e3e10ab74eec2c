"""Read what is owed, payouts, batches and reserves. See docs/rules/payouts.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models import MerchantConfig, Payout, PayoutBatch, PayoutItem, Settlement, Vendor
from portal.commissions.payout_rules import PayoutPlan, batch_totals
from portal.commissions.status_rules import NOT_PAID_OUT, SettlementStatus
from portal.commissions.totals import StateSum, list_state_sums
from portal.commissions.vendor_pages import AFTER, ORDER, page_by_vendor
from portal.db import Keyset, Page, query, within
from portal.lib.errors import PortalError

BATCHES_PAGE, PAYOUTS_PAGE = 20, 10


class BatchUnknown(PortalError):
    """There is no payout batch with this id."""

    code = "payout_batch_unknown"


@dataclass(frozen=True)
class Owed:
    """The number and net payout, in minor units, of the settlements of one currency in one state."""

    currency: str
    state: str
    count: int
    net_minor: int


@dataclass(frozen=True)
class Transfer:
    """A payout to send through the contract; the amount is in base units of the token."""

    payout_id: int
    wallet: str
    amount_wei: int
    order_ref: str


@dataclass(frozen=True)
class Reserve:
    """The unreleased reserve of a vendor in one currency, and what of it waits for a payout, in minor units."""

    vendor_id: int
    vendor_name: str
    currency: str
    balance_minor: int
    waiting_minor: int


def payout_wallets(vendor_ids: Sequence[int]) -> dict[int, str]:
    """Return the payout wallets of the vendors that have one."""
    rows = MerchantConfig.select().where(
        MerchantConfig.vendor.in_(list(vendor_ids)) & MerchantConfig.payout_wallet.is_null(False)
    )
    return {row.vendor_id: str(row.payout_wallet) for row in rows}


def unpaid_by_currency(vendor_id: int) -> dict[str, int]:
    """Return what a vendor has not been paid yet, reserves included, in minor units by currency."""
    unpaid: Counter[str] = Counter()
    for each in list_state_sums([vendor_id]):
        if each.status in NOT_PAID_OUT:
            unpaid[each.currency] += each.net_minor
    for reserve in list_reserves([vendor_id]):
        unpaid[reserve.currency] += reserve.balance_minor + reserve.waiting_minor
    return {currency: minor for currency, minor in sorted(unpaid.items()) if minor > 0}


def vendor_names(vendor_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of vendors."""
    rows = Vendor.select().where(Vendor.id.in_(list(vendor_ids))) if vendor_ids else ()
    return {row.id: row.name for row in rows}


def pending_split(plan: PayoutPlan, sums: Sequence[StateSum]) -> dict[str, dict[str, Owed]]:
    """Return {currency: {state: Owed}} of the sums of all settlements that the portal pays out.

    A state is a status, with pending as due or waiting. Due is what the next run would take; waiting is the rest
    of the pending settlements.
    """
    due = batch_totals(plan)
    split: dict[str, dict[str, Owed]] = {}
    for each in sums:
        states = split.setdefault(each.currency, {})
        if each.status == SettlementStatus.PENDING:
            taken = due.get(each.currency, {"settlements": 0, "netMinor": 0})
            _add(states, each.currency, "due", taken["settlements"], taken["netMinor"])
            count, net_minor = each.count - taken["settlements"], each.net_minor - taken["netMinor"]
            _add(states, each.currency, "waiting", count, net_minor)
        else:
            _add(states, each.currency, each.status, each.count, each.net_minor)
    return split


def _add(states: dict[str, Owed], currency: str, state: str, count: int, net_minor: int) -> None:
    before = states.get(state, Owed(currency, state, 0, 0))
    if count > 0:
        states[state] = Owed(currency, state, before.count + count, before.net_minor + net_minor)


_RESERVES = f"""
SELECT v.id, v.name, currency, (b.balance - coalesce(planned.minor, 0) - coalesce(waiting.minor, 0))::bigint,
    coalesce(waiting.minor, 0)::bigint
FROM (
    SELECT split_part(account, ':', 2)::bigint AS vendor_id, currency, balance FROM journal_balances
    WHERE split_part(account, ':', 1) = 'vendor_reserve'
        AND (%(accounts)s::text[] IS NULL OR account = ANY(%(accounts)s))
) AS b JOIN vendors v ON v.id = b.vendor_id
LEFT JOIN (
    SELECT vendor_id, currency, sum(amount_minor) AS minor FROM reserve_releases WHERE payout_id IS NULL GROUP BY 1, 2
) AS waiting USING (vendor_id, currency)
LEFT JOIN (
    SELECT vendor_id, currency, sum(released_minor) AS minor FROM payouts WHERE status = 'processing' GROUP BY 1, 2
) AS planned USING (vendor_id, currency)
WHERE b.balance > coalesce(planned.minor, 0) AND {AFTER}
{ORDER}
"""  # noqa: S608 - constants


def list_reserves(vendor_ids: Sequence[int] | None = None) -> list[Reserve]:
    """Return the reserves of vendors, of all for None, that are not empty, with what waits for a payout.

    A reserve is the balance of its account in the journal, without what payouts that are not finished release of it.
    """
    everything = {"language": "en", "after": None, "after_currency": None, "rows": None}
    rows = query(_RESERVES, {"accounts": _reserve_accounts(vendor_ids), **everything})
    return [Reserve(*row) for row in rows]


def page_of_reserves(
    language: str, vendor_ids: Sequence[int] | None = None, cursor: str | None = None
) -> Page[Reserve]:
    """Return a page of the reserves that are not empty, by vendor in the alphabet of a language.

    Raises CursorInvalid.
    """
    accounts = {"accounts": _reserve_accounts(vendor_ids)}
    page = page_by_vendor(_RESERVES, language, cursor, accounts)
    return Page([Reserve(*row) for row in page.rows], page.next_cursor)


def _reserve_accounts(vendor_ids: Sequence[int] | None) -> list[str] | None:
    return None if vendor_ids is None else [f"vendor_reserve:{vendor_id}" for vendor_id in vendor_ids]


def get_batch(batch_id: int) -> PayoutBatch:
    """Return a batch; raise BatchUnknown."""
    batch = PayoutBatch.get_or_none(PayoutBatch.id == batch_id) if 0 < batch_id < 2**63 else None
    if batch is None:
        raise BatchUnknown
    return batch


def find_batch_by_key(key: str) -> PayoutBatch | None:
    """Return the batch created with an idempotency key, or None."""
    return PayoutBatch.get_or_none(PayoutBatch.idempotency_key == key)


def list_batches(cursor: str | None = None) -> Page[PayoutBatch]:
    """Return a page of batches, newest first; raise CursorInvalid."""
    newest_first: Keyset[PayoutBatch] = Keyset(PayoutBatch.select(), PayoutBatch.id)
    return newest_first.page(cursor, BATCHES_PAGE)


def list_open_batches() -> list[PayoutBatch]:
    """Return the unfinished batches, oldest first."""
    return list(
        PayoutBatch.select().where(PayoutBatch.status.in_(["created", "processing"])).order_by(PayoutBatch.id)
    )


def list_payouts_of_batch(batch_id: int) -> list[Payout]:
    """Return a batch's payouts with their vendors and the batch."""
    rows = Payout.select(Payout, Vendor, PayoutBatch).join(Vendor).switch(Payout).join(PayoutBatch)
    return list(rows.where(Payout.batch == batch_id).order_by(Payout.id))


def list_payouts_of_vendors(vendor_ids: Sequence[int], cursor: str | None = None) -> Page[Payout]:
    """Return a page of the payouts of vendors with their batches, newest first; raise CursorInvalid."""
    return list_payout_ledger(None, None, vendor_ids).page(cursor, PAYOUTS_PAGE)


def list_payout_ledger(
    since: datetime | None, until: datetime | None, vendor_ids: Sequence[int] | None = None
) -> Keyset[Payout]:
    """Return every payout of a period with vendor and batch, newest first; of `vendor_ids` only where given."""
    rows = Payout.select(Payout, Vendor, PayoutBatch).join(Vendor).switch(Payout).join(PayoutBatch)
    if vendor_ids is not None:
        rows = rows.where(Payout.vendor.in_(list(vendor_ids)))
    return Keyset(within(rows, Payout.created_at, since, until), Payout.id)


def list_batch_ledger(batch_id: int) -> Keyset[PayoutItem]:
    """Return the items of a batch's payouts, with payout, settlement and vendor; raise BatchUnknown."""
    get_batch(batch_id)
    rows = PayoutItem.select(PayoutItem, Payout, Settlement, Vendor).join(Payout).switch(PayoutItem)
    rows = rows.join(Settlement).join(Vendor).where(Payout.batch == batch_id)
    return Keyset(rows, PayoutItem.payout, PayoutItem.settlement, ascending=True)


def list_items_of_payouts(payout_ids: Sequence[int]) -> Mapping[int, list[PayoutItem]]:
    """Return the items of payouts by payout id, with their settlements."""
    found: dict[int, list[PayoutItem]] = {payout_id: [] for payout_id in payout_ids}
    rows = PayoutItem.select(PayoutItem, Settlement).join(Settlement)
    for item in rows.where(PayoutItem.payout.in_(list(payout_ids))).order_by(PayoutItem.settlement):
        found[item.payout_id].append(item)
    return found


def count_failed_of_batch(batch_id: int) -> int:
    """Return how many settlements of a batch failed and were not retried yet."""
    failed = (Settlement.payout_batch_id == batch_id) & (Settlement.status == SettlementStatus.FAILED)
    return int(Settlement.select().where(failed).count())


def list_unsent(
    chain_id: int,
    token_address: str,
    contract_address: str,
    limit: int,
    *,
    at_most_wei: int | None = None,
    above_wei: int | None = None,
    skip_ids: Sequence[int] = (),
) -> list[Transfer]:
    """Return the processing payouts of a contract without an open transaction, oldest first, by amount where given.

    Payouts recorded for another network, token or contract wait until the settings name it again.
    """
    rows = query(
        "SELECT p.id, p.payout_wallet, p.amount_wei, p.order_ref FROM payouts p"
        " WHERE p.status = 'processing' AND p.amount_wei > 0 AND p.chain_id = %s"
        " AND p.token_address = %s AND p.contract_address = %s AND NOT EXISTS ("
        "  SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'payout' AND i.item_id = p.id AND i.open)"
        " AND (%s::numeric IS NULL OR p.amount_wei <= %s::numeric)"
        " AND (%s::numeric IS NULL OR p.amount_wei > %s::numeric) AND p.id <> ALL(%s)"
        " ORDER BY p.id LIMIT %s",
        [
            chain_id,
            token_address,
            contract_address,
            at_most_wei,
            at_most_wei,
            above_wei,
            above_wei,
            list(skip_ids),
            limit,
        ],
    )
    return [Transfer(row[0], row[1], int(row[2]), row[3]) for row in rows]


def count_unsent() -> int:
    """Count the processing on-chain payouts without an open transaction."""
    rows = query(
        "SELECT count(*) FROM payouts p JOIN payout_batches b ON b.id = p.batch_id"
        " WHERE p.status = 'processing' AND b.mode = 'onchain' AND p.amount_wei > 0 AND NOT EXISTS ("
        "  SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'payout' AND i.item_id = p.id AND i.open)"
    )
    return int(rows[0][0])


def has_recent_onchain_payout() -> bool:
    """Return whether an on-chain payout was completed within the last hour: a reorganisation may still revert it."""
    return bool(
        query(
            "SELECT 1 FROM payouts WHERE chain_id IS NOT NULL AND processed_at > now() - interval '1 hour' LIMIT 1"
        )
    )
