"""Rows in every ledger, by `generate_series`: as many orders as asked for, with what belongs to each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from portal.lib.folders import SQL

BUYERS = 1_000
# One referrer, one vendor and a thousand buyers; the newest twentieth of each ledger waits for a decision.
_PEOPLE = f"""
INSERT INTO users (name, email, role) VALUES
    ('Admin', 'admin@bench.example', 'admin'), ('Vendor', 'vendor@bench.example', 'vendor'),
    ('Referrer', 'referrer@bench.example', 'user');
INSERT INTO users (name, email)
    SELECT 'Buyer ' || n, 'buyer' || n || '@bench.example' FROM generate_series(1, {BUYERS}) n;
INSERT INTO refcodes (code, owner_user_id, wallet_address)
    SELECT 'BENCH001', id, '0x' || repeat('1', 40) FROM users WHERE name = 'Referrer';
INSERT INTO vendors (name, user_id) SELECT 'Bench', id FROM users WHERE name = 'Vendor';
INSERT INTO customers (store_id, key, user_id) SELECT 1, 'user:' || id, id FROM users WHERE name LIKE 'Buyer %%';
CREATE TEMPORARY TABLE buyers AS
    SELECT row_number() OVER (ORDER BY c.id) - 1 AS place, c.id, c.user_id FROM customers c;
CREATE TEMPORARY TABLE placed AS
    SELECT n, 'bench' || n AS id, 'store_bench' || n || '_1' AS reference, b.id AS customer, b.user_id AS buyer,
        now() - (%(rows)s - n) * interval '1 second' AS at, n > %(rows)s * 0.95 AS is_new
    FROM generate_series(1, %(rows)s) n JOIN buyers b ON b.place = n %% {BUYERS};
"""
# Without the triggers of the journal and of totals by code, which cost more than all else here.
_PLAIN = """
INSERT INTO orders (id, order_reference, customer_id, buyer_user_id, status, total_minor, paid_minor, currency,
    referral_code, referrer_user_id, referrer_wallet, created_at, paid_at)
SELECT p.id, reference, customer, buyer, 'paid', 100000, 100000, 'UAH', code, owner_user_id, wallet_address, at, at
FROM placed p, refcodes;
INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, user_id, amount_minor, currency,
    status, created_at, paid_at)
SELECT reference, 'store_order', 'wayforpay', 'merchant_redirect', id, buyer, 100000, 'UAH', 'paid', at, at FROM placed;
INSERT INTO payment_events (provider, order_reference, authentic, outcome, fingerprint, payload, received_at)
SELECT 'wayforpay', reference, true, 'applied', md5(reference) || md5(id),
    '{"transactionStatus": "Approved", "amount": 1000, "currency": "UAH"}', at FROM placed;
INSERT INTO settlements (order_reference, order_id, vendor_id, kind, amount_minor, currency, commission_minor,
    net_payout_minor, status, scheduled_for, metadata, platform_commission_minor, referral_commission_minor,
    split_commissions, created_at)
SELECT reference, p.id, v.id, 'sale', 100000, 'UAH', 25000, 75000, CASE WHEN is_new THEN 'pending' ELSE 'completed' END,
    at, %(metadata)s, 20000, 5000, '{}', at FROM placed p, vendors v;
INSERT INTO erp_sales_assists (order_reference, order_id, vendor_id, referral_code, referrer_user_id, subtotal_minor,
    currency, created_at)
SELECT reference, p.id, v.id, code, owner_user_id, 100000, 'UAH', at FROM placed p, vendors v, refcodes;
INSERT INTO credit_entries (user_id, amount_minor, currency, reason, created_at)
SELECT buyer, 100, 'UAH', 'bench ' || n, at FROM placed;
INSERT INTO event_log (at, actor, entity, entity_id, event, from_status, to_status, order_reference)
SELECT at, 'provider:wayforpay', 'payment', id, 'payment_paid', 'redirected', 'paid', reference FROM placed;
"""
_METADATA = {
    "commissionBreakdown": {
        "platformCommission": "200.00", "referralCommission": "50.00", "referralEffectivePercent": "5",
        "referralByItem": [], "customSplits": [],
    }
}  # fmt: skip
_QUIET = (
    "orders",
    "payment_transactions",
    "payment_events",
    "settlements",
    "erp_sales_assists",
    "credit_entries",
)
_FILLED = [*_QUIET, "event_log", "referral_rewards", "journal_transfers"]
# With the triggers that keep totals and balances.
_WITH_TOTALS = """
INSERT INTO referral_rewards (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet, referee_user_id,
    order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status,
    created_at, tx_hash)
SELECT reference, p.id, code, owner_user_id, wallet_address, buyer, 100000, 'UAH', 5, 1.25, 0.1, 125 * 10 ^ 17, 'fiat',
    CASE WHEN is_new THEN 'pending_approval' ELSE 'minted' END, at, CASE WHEN is_new THEN NULL ELSE '0x1' END
FROM placed p, refcodes;
INSERT INTO journal_transfers (kind, order_reference, currency, debit_account, credit_account, amount, source,
    source_id, created_at)
SELECT 'payment_received', reference, 'UAH', 'provider:wayforpay', 'order_clearing', 100000, 'bench', n, at FROM placed;
"""

# The statement that counts settlements from before there were totals.
_COUNT_SETTLEMENTS = "INSERT INTO" + (SQL / "086_flat_reads.sql").read_text().partition("INSERT INTO")[2]

# Indexes are built faster afterwards, and nobody doubts the references of generated rows.
_INDEXES = """
SELECT format('DROP INDEX %%s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i WHERE i.indrelid = ANY (%(tables)s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
_REFERENCES = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s NOT VALID', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY (%(tables)s::regclass[])
"""


def fill_ledgers(url: str, rows: int) -> None:
    """Write that many orders with their payments, callbacks, settlements, rewards, events and transfers."""
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        cursor.execute(
            "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '64MB'"
        )
        cursor.execute(_PEOPLE, {"rows": rows})
        with _without_indexes(cursor):
            for table in _QUIET:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(_PLAIN, {"metadata": json.dumps(_METADATA)})
            for table in _QUIET:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(_COUNT_SETTLEMENTS)
            cursor.execute(_WITH_TOTALS)
        session.commit()
        session.autocommit = True
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    found: list[tuple[str, str]] = []
    for sql in (_INDEXES, _REFERENCES):
        cursor.execute(sql, {"tables": _FILLED})
        found += cursor.fetchall()
    for drop, _create in found:
        cursor.execute(drop)
    yield
    for _drop, create in found:
        cursor.execute(create)
