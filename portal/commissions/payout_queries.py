"""Read due settlements, payouts, batches and reserves. See docs/rules/payouts.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models import MerchantConfig, Payout, PayoutBatch, PayoutItem, Settlement, Vendor
from portal.commissions.payout_rules import DueRow, PayoutPlan, PayoutTerms, plan_payouts
from portal.commissions.status_rules import NOT_PAID_OUT, PayoutStatus
from portal.db import Keyset, Page, alphabetical, query, within, without_set_aside
from portal.lib.errors import PortalError

BATCHES_PAGE = PAYOUTS_PAGE = 25
VENDOR_QUEUE = "payout_vendors"
# Adding up more due settlements would take longer than the page that shows the sum.
DUE_LIMIT = 5_001

# What the portal pays out: a store that collected the money has it already. See docs/rules/statements.md.
PAID_OUT_BY_US = "collected_by = 'platform'"
_DUE = f"{PAID_OUT_BY_US} AND status = 'pending' AND (scheduled_for <= now() OR kind = 'refund')"


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


def read_plan(*, vendor_ids: Sequence[int] | None = None, lock: bool = False) -> PayoutPlan:
    """Plan a run over what is due now, of some vendors only where given.

    `lock` locks the rows until the caller's transaction ends. A refund is due at once: it is netted from the vendor's
    next payout. A vendor whose payout could not be opened waits. See docs/rules/refunds.md and docs/rules/queues.md.
    """
    due = query(
        f"SELECT id, vendor_id, currency, net_payout_minor FROM settlements WHERE {_DUE}"  # noqa: S608 - a constant
        " AND (%s::bigint[] IS NULL OR vendor_id = ANY(%s::bigint[]))"
        f" ORDER BY scheduled_for, id{' FOR UPDATE' if lock else ''}",
        [_ids(vendor_ids), _ids(vendor_ids)],
    )
    rows = [DueRow(*row) for row in due]
    released = list_waiting_releases(vendor_ids)
    vendors = {row.vendor_id for row in rows} | {vendor_id for vendor_id, _ in released}
    balances = {(row.vendor_id, row.currency) for row in rows} | set(released)
    due_now: list[tuple[int, str]] = without_set_aside(VENDOR_QUEUE, sorted(balances), vendor_item)
    aside = balances.difference(due_now)
    return plan_payouts(rows, payout_terms(sorted(vendors)), released, aside=aside)


def vendor_item(balance: tuple[int, str]) -> str:
    """Return the item of a (vendor, currency) balance in the queue of vendors that cannot be paid."""
    return f"{balance[0]} {balance[1]}"


def list_waiting_releases(vendor_ids: Sequence[int] | None = None) -> dict[tuple[int, str], int]:
    """Return the released reserves that no payout includes yet, in minor units by vendor and currency."""
    rows = query(
        "SELECT vendor_id, currency, sum(amount_minor) FROM reserve_releases WHERE payout_id IS NULL"
        " AND (%s::bigint[] IS NULL OR vendor_id = ANY(%s::bigint[]))"
        " GROUP BY vendor_id, currency ORDER BY vendor_id, currency",
        [_ids(vendor_ids), _ids(vendor_ids)],
    )
    return {(vendor_id, currency): int(amount) for vendor_id, currency, amount in rows}


def payout_terms(vendor_ids: Sequence[int]) -> dict[int, PayoutTerms]:
    """Return the minimum and reserve of the vendors that have a configuration."""
    rows = MerchantConfig.select().where(MerchantConfig.vendor.in_(list(vendor_ids)))
    return {row.vendor_id: PayoutTerms(row.minimum_payout_minor, row.reserve_percent) for row in rows}


def payout_wallets(vendor_ids: Sequence[int]) -> dict[int, str]:
    """Return the payout wallets of the vendors that have one."""
    rows = MerchantConfig.select().where(
        MerchantConfig.vendor.in_(list(vendor_ids)) & MerchantConfig.payout_wallet.is_null(False)
    )
    return {row.vendor_id: str(row.payout_wallet) for row in rows}


def unpaid_by_currency(vendor_id: int) -> dict[str, int]:
    """Return what a vendor has not been paid yet, reserves included, in minor units by currency."""
    rows = query(
        f"""SELECT currency, sum(minor)::bigint FROM (
               SELECT currency, net_payout_minor AS minor FROM settlements
                   WHERE vendor_id = %(vendor)s AND {PAID_OUT_BY_US} AND status = ANY(%(unpaid)s)
               UNION ALL SELECT currency, reserve_minor FROM payouts
                   WHERE vendor_id = %(vendor)s AND status = %(completed)s
               UNION ALL SELECT currency, -amount_minor FROM reserve_releases
                   WHERE vendor_id = %(vendor)s AND payout_id IS NOT NULL
           ) AS unpaid GROUP BY currency HAVING sum(minor) > 0""",  # noqa: S608 - a constant
        {"vendor": vendor_id, "unpaid": list(NOT_PAID_OUT), "completed": PayoutStatus.COMPLETED},
    )
    return dict(rows)


def vendor_names(vendor_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of vendors."""
    rows = Vendor.select().where(Vendor.id.in_(list(vendor_ids))) if vendor_ids else ()
    return {row.id: row.name for row in rows}


def list_vendors(language: str) -> list[Vendor]:
    """Return the id and name of every vendor in the alphabet of a language."""
    return list(
        Vendor.select(Vendor.id, Vendor.name).order_by(alphabetical(Vendor.name, language), Vendor.id)
    )


def pending_split(plan: PayoutPlan, vendor_ids: Sequence[int] | None = None) -> dict[str, dict[str, Owed]]:
    """Return {currency: {state: Owed}} of all settlements that the portal pays out.

    A state is a status, with pending as due or waiting. Due is what the next run would take; waiting is the rest
    of the pending settlements.
    """
    due = {row.id for payout in plan.payouts for row in payout.rows}
    rows = query(
        "SELECT currency, CASE WHEN status = 'pending' AND id = ANY(%s::bigint[]) THEN 'due'"  # noqa: S608
        " WHEN status = 'pending' THEN 'waiting' ELSE status END AS state, count(*), sum(net_payout_minor)"
        f" FROM settlements WHERE {PAID_OUT_BY_US}"
        " AND (%s::bigint[] IS NULL OR vendor_id = ANY(%s::bigint[])) GROUP BY 1, 2 ORDER BY 1, 2",
        [sorted(due), _ids(vendor_ids), _ids(vendor_ids)],
    )
    split: dict[str, dict[str, Owed]] = {}
    for currency, state, count, net in rows:
        split.setdefault(currency, {})[state] = Owed(currency, state, count, int(net))
    return split


def count_not_due(vendor_ids: Sequence[int] | None = None) -> dict[str, tuple[int, int]]:
    """Return {currency: (count, net in minor units)} of pending sales that are not due yet."""
    rows = query(
        "SELECT currency, count(*), sum(net_payout_minor) FROM settlements"  # noqa: S608 - a constant
        f" WHERE {PAID_OUT_BY_US} AND status = 'pending'"
        " AND kind = 'sale' AND scheduled_for > now()"
        " AND (%s::bigint[] IS NULL OR vendor_id = ANY(%s::bigint[])) GROUP BY currency ORDER BY currency",
        [_ids(vendor_ids), _ids(vendor_ids)],
    )
    return {currency: (count, int(net)) for currency, count, net in rows}


def sum_due() -> dict[str, tuple[int, int]]:
    """Return {currency: (count, net in minor units)} of the settlements that are due, of the first DUE_LIMIT only."""
    rows = query(
        "SELECT currency, count(*), sum(net_payout_minor) FROM (SELECT currency, net_payout_minor FROM settlements"  # noqa: S608
        f" WHERE {PAID_OUT_BY_US} AND status = 'pending' AND scheduled_for <= now()"
        f" ORDER BY scheduled_for LIMIT {DUE_LIMIT}) AS due GROUP BY currency"
    )
    return {currency: (count, int(net)) for currency, count, net in rows}


def held_reasons() -> list[tuple[str, str | None, int, int]]:
    """Return the 20 most frequent (currency, reason, count, net in minor units) of held settlements."""
    rows = query(
        "SELECT currency, failure_reason, count(*), sum(net_payout_minor) FROM settlements"  # noqa: S608
        f" WHERE {PAID_OUT_BY_US} AND status = 'held' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 20"
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in rows]


def list_reserves(vendor_ids: Sequence[int] | None = None) -> list[Reserve]:
    """Return the reserves that are not empty, with what of them waits for the next payout."""
    rows = query(
        "WITH kept AS (SELECT vendor_id, currency, sum(reserve_minor) AS minor FROM payouts"
        "  WHERE status = 'completed' AND (%(ids)s::bigint[] IS NULL OR vendor_id = ANY(%(ids)s::bigint[]))"
        "  GROUP BY 1, 2), given AS ("
        "  SELECT vendor_id, currency, sum(amount_minor) AS minor,"
        "   coalesce(sum(amount_minor) FILTER (WHERE payout_id IS NULL), 0) AS waiting"
        "  FROM reserve_releases"
        "  WHERE %(ids)s::bigint[] IS NULL OR vendor_id = ANY(%(ids)s::bigint[]) GROUP BY 1, 2)"
        " SELECT v.id, v.name, k.currency, k.minor - coalesce(g.minor, 0), coalesce(g.waiting, 0)"
        " FROM kept k JOIN vendors v ON v.id = k.vendor_id"
        " LEFT JOIN given g ON g.vendor_id = k.vendor_id AND g.currency = k.currency"
        " WHERE k.minor > coalesce(g.minor, 0) OR g.waiting > 0 ORDER BY v.id, k.currency",
        {"ids": _ids(vendor_ids)},
    )
    return [
        Reserve(vendor_id, name, currency, int(balance), int(waiting))
        for vendor_id, name, currency, balance, waiting in rows
    ]


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


def _ids(vendor_ids: Sequence[int] | None) -> list[int] | None:
    return None if vendor_ids is None else list(vendor_ids)
