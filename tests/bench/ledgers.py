"""Rows in every ledger, by `generate_series`: as many orders as asked for, with what belongs to each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

# Of the server that is filled: tables that were emptied in the same transaction need no write-ahead log.
QUICK_FILL = {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "8GB"}
_SETTINGS = (
    "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '128MB'; SET jit = off"
)
_AT_ONCE = 500_000
ORDERS_PER_BUYER, ORDERS_PER_REFERRER, SETTLEMENTS_PER_PAYOUT = 5, 1_000, 20
_PAID_OUT = 75_000 * SETTLEMENTS_PER_PAYOUT
# As many as one page shows, so that pages of short and long ledgers have the same rows.
_LEAST = 100
# Bodies of older callbacks are cleared.
_WITH_BODY = 1_000
# Ids that no identity column has given.
_FIRST_BUYER, _FIRST_REFERRER, _VENDOR = 1_000_000_000, 2_000_000_000, 3_000_000_000
_WALLET = "'0x' || lpad(to_hex(k), 40, '1')"
_CODE = "'BENCH' || lpad(k::text, 6, '0')"
# One admin and one vendor; buyers and referrers grow with the orders.
_PEOPLE = f"""
INSERT INTO users (id, name, email, role) VALUES
    ({_VENDOR} + 1, 'Admin', 'admin@bench.example', 'admin'), ({_VENDOR}, 'Vendor', 'vendor@bench.example', 'vendor');
INSERT INTO users (id, name, email)
    SELECT {_FIRST_BUYER} + k, 'Buyer ' || k, 'buyer' || k || '@bench.example'
    FROM generate_series(0, %(buyers)s - 1) k;
INSERT INTO users (id, name, email)
    SELECT {_FIRST_REFERRER} + k, 'Referrer ' || k, 'referrer' || k || '@bench.example'
    FROM generate_series(0, %(referrers)s - 1) k;
INSERT INTO refcodes (code, owner_user_id, wallet_address)
    SELECT {_CODE}, {_FIRST_REFERRER} + k, {_WALLET} FROM generate_series(0, %(referrers)s - 1) k;
INSERT INTO vendors (id, name, user_id) VALUES ({_VENDOR}, 'Bench', {_VENDOR});
INSERT INTO customers (id, store_id, key, user_id)
    SELECT id, 1, 'user:' || id, id FROM users WHERE id BETWEEN {_FIRST_BUYER} AND {_FIRST_BUYER} + %(buyers)s - 1;
"""
# An order a second until now; half of them belong to one referrer. The newest twentieth waits for a decision.
_PLACED = f"""
WITH numbers AS (
    SELECT n, CASE WHEN n %% 2 = 1 THEN 0 ELSE n / 2 %% %(referrers)s END AS k
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
), placed AS (
    SELECT n, 'bench' || n AS id, 'store_bench' || n || '_1' AS reference, {_FIRST_BUYER} + n %% %(buyers)s AS buyer,
        {_CODE} AS code, {_FIRST_REFERRER} + k AS referrer, {_WALLET} AS wallet,
        now() - (%(rows)s - n) * interval '1 second' AS at, n > %(rows)s * 0.95 AS is_new,
        n %% {SETTLEMENTS_PER_PAYOUT} = 0 AS is_paid_out
    FROM numbers
)
"""
_LEDGERS = {
    "orders": """(id, order_reference, customer_id, buyer_user_id, status, total_minor, paid_minor, currency,
        referral_code, referrer_user_id, referrer_wallet, created_at, paid_at)
        SELECT id, reference, buyer, buyer, 'paid', 100000, 100000, 'UAH', code, referrer, wallet, at, at
        FROM placed""",
    "order_items": f"""(order_id, vendor_id, sku, name, quantity, unit_price_minor, subtotal_minor)
        SELECT id, {_VENDOR}, 'MUG', 'Mug', 1, 100000, 100000 FROM placed""",
    "payment_transactions": """(order_reference, purpose, processor, rail, entity_id, user_id, amount_minor, currency,
        status, created_at, paid_at)
        SELECT reference, 'store_order', 'wayforpay', 'merchant_redirect', id, buyer, 100000, 'UAH', 'paid', at, at
        FROM placed""",
    "payment_events": f"""(provider, order_reference, authentic, outcome, fingerprint, payload, received_at)
        SELECT 'wayforpay', reference, true, 'applied', md5(reference) || md5(id),
        CASE WHEN %(rows)s - n < {_WITH_BODY} THEN '{{"transactionStatus": "Approved", "amount": 1000}}' ELSE '' END, at
        FROM placed""",
    "settlements": f"""(order_reference, order_id, vendor_id, kind, amount_minor, currency, commission_minor,
        net_payout_minor, status, scheduled_for, metadata, platform_commission_minor, referral_commission_minor,
        split_commissions, created_at)
        SELECT reference, id, {_VENDOR}, 'sale', 100000, 'UAH', 25000, 75000,
        CASE WHEN is_new THEN 'pending' ELSE 'completed' END, at, %(metadata)s, 20000, 5000, '{{}}', at FROM placed""",
    "erp_sales_assists": f"""(order_reference, order_id, vendor_id, referral_code, referrer_user_id, subtotal_minor,
        currency, created_at) SELECT reference, id, {_VENDOR}, code, referrer, 100000, 'UAH', at FROM placed""",
    "referral_rewards": """(order_reference, order_id, ref_code, referrer_user_id, referrer_wallet, referee_user_id,
        order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status,
        created_at, tx_hash)
        SELECT reference, id, code, referrer, wallet, buyer, 100000, 'UAH', 5, 1.25, 0.1, 125 * 10 ^ 17, 'fiat',
        CASE WHEN is_new THEN 'pending_approval' ELSE 'minted' END, at, CASE WHEN is_new THEN NULL ELSE '0x1' END
        FROM placed""",
    "credit_entries": """(user_id, amount_minor, currency, reason, created_at)
        SELECT buyer, 100, 'UAH', 'bench ' || n, at FROM placed""",
    "event_log": """(at, actor, entity, entity_id, event, from_status, to_status, order_reference)
        SELECT at, 'provider:wayforpay', 'payment', id, 'payment_paid', 'redirected', 'paid', reference FROM placed""",
    "notifications": """(user_id, kind, dedupe_key, created_at, read_at)
        SELECT referrer, 'referral_reward_minted', 'minted:' || id, at, at FROM placed WHERE NOT is_new""",
    # A payment, credit and a minted reward of each order, and a payout of every twenty.
    "journal_transfers": f"""(kind, order_reference, currency, debit_account, credit_account, amount, source,
        source_id, created_at)
        SELECT kind, reference, currency, debit, credit, amount, 'bench', n, at FROM placed, LATERAL (VALUES
            ('payment_received', 'UAH', 'processor:wayforpay', 'clearing', 100000::numeric, true),
            ('credit_added', 'UAH', 'credit_issued', 'credit:' || buyer, 100, true),
            ('reward_minted', 'TOKEN', 'reward_payable:' || referrer, 'tokens_minted', 125 * 10 ^ 17, NOT is_new),
            ('payout', 'UAH', 'vendor_payable:{_VENDOR}', 'payout:' || n, {_PAID_OUT}, is_paid_out),
            ('payout_paid', 'UAH', 'payout:' || n, 'vendors_paid', {_PAID_OUT}, is_paid_out)
        ) AS t (kind, currency, debit, credit, amount, is_posted) WHERE is_posted""",
    "payout_batches": f"""(id, status, mode, totals, created_at, completed_at)
        SELECT {_VENDOR} + n, 'completed', 'simulated', '{{"UAH": {{"payouts": 1,
        "settlements": {SETTLEMENTS_PER_PAYOUT}, "netMinor": {_PAID_OUT}, "reserveMinor": 0, "releasedMinor": 0,
        "amountMinor": {_PAID_OUT}}}}}', at, at
        FROM placed WHERE is_paid_out""",
    "payouts": f"""(batch_id, vendor_id, currency, net_minor, reserve_percent, reserve_minor, amount_minor, status,
        transaction_id, created_at, processed_at)
        SELECT {_VENDOR} + n, {_VENDOR}, 'UAH', {_PAID_OUT}, 0, 0, {_PAID_OUT}, 'completed', 'sim_' || n, at, at
        FROM placed WHERE is_paid_out""",
}  # fmt: skip
_METADATA = {
    "commissionBreakdown": {
        "platformCommission": "200.00", "referralCommission": "50.00", "referralEffectivePercent": "5",
        "referralByItem": [], "customSplits": [],
    }
}  # fmt: skip
_FILLED = [*_LEDGERS, "users", "customers", "refcodes"]

# Indexes are built faster afterwards, and nobody doubts the references of generated rows. What row triggers would write
# is written by the statements above; the triggers of whole statements keep the totals.
_REFERENCES = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s NOT VALID', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f'
    AND (conrelid = ANY (%(tables)s::regclass[]) OR confrelid = ANY (%(tables)s::regclass[]))
"""
_INDEXES = """
SELECT format('DROP INDEX %%s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i WHERE i.indrelid = ANY (%(tables)s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
_ROW_TRIGGERS = """
SELECT format('ALTER TABLE %%s DISABLE TRIGGER %%I', tgrelid::regclass, tgname),
    format('ALTER TABLE %%s ENABLE TRIGGER %%I', tgrelid::regclass, tgname)
FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 1 = 1 AND tgrelid = ANY (%(tables)s::regclass[])
"""


def fill_ledgers(url: str, rows: int) -> None:
    """Write that many orders with their payments, callbacks, settlements, rewards, events and transfers.

    The tables may have other rows. Totals wait for the jobs that fold them.
    """
    counts = {
        "rows": rows,
        "buyers": max(1, rows // ORDERS_PER_BUYER),
        "referrers": _LEAST + rows // ORDERS_PER_REFERRER,
        "metadata": json.dumps(_METADATA),
    }
    with _session(url) as cursor, _without(cursor, _FILLED, _REFERENCES):
        cursor.connection.commit()
        cursor.execute(_PEOPLE, counts)
        cursor.connection.commit()
        with ThreadPoolExecutor(1 + (os.cpu_count() or 1)) as several:
            for done in [several.submit(_fill, url, table, counts) for table in _LEDGERS]:
                done.result()
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def _fill(url: str, table: str, counts: dict[str, Any]) -> None:
    with _session(url) as cursor, _without(cursor, [table], _INDEXES, _ROW_TRIGGERS):
        cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
        if not cursor.fetchone()[0]:
            # A file of this transaction is filled without a log.
            cursor.execute(f"TRUNCATE {table}")
        names, selection = _LEDGERS[table].split(")", 1)
        for first in range(1, counts["rows"] + 1, _AT_ONCE):
            part = {"first": first, "last": min(counts["rows"], first + _AT_ONCE - 1)}
            cursor.execute(f"{_PLACED} INSERT INTO {table} {names}) {selection}", counts | part)


@contextmanager
def _session(url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(url)) as session, session, session.cursor() as cursor:
        cursor.execute(_SETTINGS)
        yield cursor


@contextmanager
def _without(cursor: Any, tables: list[str], *selections: str) -> Iterator[None]:
    """Execute the first of the statements that each selection returns, and the second ones in the end."""
    found: list[tuple[str, str]] = []
    for selection in selections:
        cursor.execute(selection, {"tables": tables})
        found += cursor.fetchall()
    for remove, _restore in found:
        cursor.execute(remove)
    yield
    for _remove, restore in reversed(found):
        cursor.execute(restore)
