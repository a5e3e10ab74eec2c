"""One account, vendor, store, order and payout batch with hundreds or thousands of rows in each list of their pages."""

from __future__ import annotations

from typing import Any

STORE, STATEMENT, BATCH, JOB, TERMS, IMPORT = 2, 900, 900, 900, 900, 900
ORDER, REFERENCE = "crowded", "store_crowded_1700000000000"
_MANY = 1_200
# More than a store may report of one order, or an admin does to it.
_PARTS = 500

_STORES = f"""
INSERT INTO stores (id, public_id, name, platform, collected_by, default_vendor_id)
    SELECT n, 'crowd-' || n, 'Crowd ' || n, 'woocommerce', 'store',
        (SELECT min(id) FROM vendors WHERE name = 'Vendor 1')
    FROM generate_series({STORE}, {_MANY}) n;
INSERT INTO store_keys (store_id, mode, prefix, key_hash, scopes, revoked_at)
    SELECT {STORE}, 'live', 'rk_live_' || n, md5('key' || n), '{{orders:write}}', now()
    FROM generate_series(1, {_MANY}) n;
INSERT INTO store_vendors (store_id, external_id, vendor_id)
    SELECT {STORE}, 'their-' || n, CASE WHEN n % 2 = 0 THEN (SELECT min(id) FROM vendors) END
    FROM generate_series(1, {_MANY}) n;
INSERT INTO store_rates (store_id, sku, referral_percent)
    SELECT {STORE}, 'SKU-' || n, 5 FROM generate_series(1, {_MANY}) n;
INSERT INTO store_coupons (store_id, coupon, code)
    SELECT {STORE}, 'coupon-' || n, 'CODE0001' FROM generate_series(1, {_MANY}) n;
INSERT INTO webhook_endpoints (store_id, url, types, secret, disabled_at, disabled_reason)
    SELECT s, 'https://shop.example/hooks/' || n,
        '{{order.attributed,order.not_attributed,refund.applied,reward.approved,reward.minted}}', 'x',
        CASE WHEN n > 9 THEN now() END, CASE WHEN n > 9 THEN 'admin' END
    FROM generate_series(1, {_MANY}) n, (VALUES (1), ({STORE})) AS of_stores (s);
INSERT INTO webhook_deliveries (endpoint_id, event_id, type, status)
    SELECT (SELECT min(id) FROM webhook_endpoints WHERE store_id = {STORE}), id, type, 'delivered'
    FROM webhook_events ORDER BY id LIMIT {_MANY};
INSERT INTO store_events (store_id, kind, verified, outcome, order_reference, external_id, explanation)
    SELECT {STORE}, 'order', true, 'updated', '{REFERENCE}', 'crowded', '{{}}' FROM generate_series(1, {_MANY});
INSERT INTO store_referrers (store_id, customer, user_id, connected_at)
    SELECT n, md5('customer' || n), (SELECT id FROM users WHERE email = 'referrer1@example.com'), now()
    FROM generate_series({STORE}, {_MANY}) n;
"""
_ACCOUNTS = f"""
INSERT INTO wallets (address, user_id)
    SELECT '0x' || md5(u.email || n) || left(md5(n::text), 8), u.id FROM generate_series(1, {_MANY}) n, users u
    WHERE u.email IN ('referrer1@example.com', 's1unpaid@example.com', 's1minted@example.com');
INSERT INTO refcodes (code, owner_user_id, wallet_address, active)
    SELECT 'CROWD' || n, w.user_id, w.address, n % 2 = 0
    FROM (SELECT row_number() OVER () AS n, * FROM wallets
        WHERE user_id = (SELECT id FROM users WHERE email = 'referrer1@example.com')) AS w
    ON CONFLICT DO NOTHING;
INSERT INTO event_log (actor, entity, entity_id, event, reason)
    SELECT 'system', 'refcode', code, 'code_deactivated', 'wallet_unlinked' FROM refcodes WHERE code LIKE 'CROWD%';
INSERT INTO user_sessions (user_id, token_hash)
    SELECT u.id, md5(u.email || n) || md5(n::text) FROM generate_series(1, {_MANY}) n, users u
    WHERE u.email IN ('referrer1@example.com', 's1unpaid@example.com', 'admin@demo.example');
INSERT INTO notifications (user_id, kind, dedupe_key)
    SELECT id, 'referral_reward_minted', 'crowd:' || n FROM users, generate_series(1, {_MANY}) n
    WHERE email = 'referrer1@example.com';
INSERT INTO link_labels (code, label, visits_total) SELECT 'CODE0001', 'label-' || n, n FROM generate_series(1, 50) n;
UPDATE vendors SET user_id = (SELECT id FROM users WHERE email = 'saver1@example.com')
    WHERE id IN (SELECT id FROM vendors ORDER BY id DESC LIMIT 300);
"""
_ORDERS = f"""
INSERT INTO orders (id, order_reference, customer_id, buyer_user_id, store_id, external_id, collected_by, status,
    total_minor, paid_minor, refunded_minor, currency, paid_at)
    SELECT '{ORDER}', '{REFERENCE}', customer_id, buyer_user_id, {STORE}, 'crowded', 'store', 'paid', 500000, 500000,
        50000, currency, now() FROM orders WHERE id = 's1unpaid';
INSERT INTO store_orders (order_id, store_id, external_id, number, version, snapshot, snapshot_sha256)
    VALUES ('{ORDER}', {STORE}, 'crowded', '#1', 1, '{{}}', 'x');
INSERT INTO order_items (order_id, vendor_id, sku, name, quantity, unit_price_minor, subtotal_minor)
    SELECT '{ORDER}', v.id, 'SKU-' || n, 'A product with quite a long name ' || n, 1, 1000, 1000
    FROM (SELECT row_number() OVER (ORDER BY user_id, id) AS n, id FROM vendors WHERE user_id IS NOT NULL
        LIMIT {_PARTS}) AS v;
INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, user_id, amount_minor, currency,
    status, paid_at)
    SELECT '{REFERENCE}', 'store_order', 'external', 'merchant_redirect', '{ORDER}', buyer_user_id, 500000, currency,
        'paid', now() FROM orders WHERE id = '{ORDER}';
INSERT INTO payment_refunds (order_reference, amount_minor, currency, source, status, reason, applied_at, external_id)
    SELECT '{REFERENCE}', 100, 'UAH', 'store', 'applied', 'one mug broken', now(), 'refund-' || n
    FROM generate_series(1, {_PARTS}) n;
INSERT INTO settlements (order_reference, order_id, vendor_id, kind, amount_minor, currency, commission_minor,
    net_payout_minor, status, scheduled_for, metadata, platform_commission_minor, referral_commission_minor,
    split_commissions, collected_by, refund_id)
    SELECT '{REFERENCE}', '{ORDER}', i.vendor_id, k.kind, k.sign * 1000, 'UAH', k.sign * 200, k.sign * 800, 'pending',
        now(), s.metadata, k.sign * 150, k.sign * 50, '{{}}', 'store', k.refund
    FROM order_items i, (VALUES ('sale', 1, NULL), ('refund', -1, 1)) AS k (kind, sign, refund),
        (SELECT metadata FROM settlements WHERE order_id = 's1minted') AS s
    WHERE i.order_id = '{ORDER}';
INSERT INTO event_log (actor, entity, entity_id, event, order_reference)
    SELECT 'system', 'order', '{ORDER}', 'order_updated', '{REFERENCE}' FROM generate_series(1, {_MANY});
INSERT INTO journal_transfers
    (kind, order_reference, currency, debit_account, credit_account, amount, source, source_id)
    SELECT 'refund_paid', '{REFERENCE}', 'UAH', 'order_clearing', 'provider:external', 100, 'crowd', n
    FROM generate_series(1, {_MANY}) n;
INSERT INTO payment_events (provider, order_reference, authentic, outcome, payload, fingerprint)
    SELECT 'wayforpay', '{REFERENCE}', true, 'duplicate', '{{}}', md5('crowd' || n) FROM generate_series(1, {_MANY}) n;
INSERT INTO stock_movements (product_id, quantity, reason)
    SELECT 1, 1, 'correction' FROM generate_series(1, {_MANY});
"""
_MONEY = f"""
INSERT INTO journal_account_balances (account, currency, balance)
    SELECT 'vendor_reserve:' || id, currency, 5000 FROM vendors, (VALUES ('UAH'), ('USD')) AS c (currency)
    ON CONFLICT DO NOTHING;
INSERT INTO settlement_totals
    (vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum)
    SELECT v.id, 'UAH', c.by, c.status, 'epoch', '', 2, 2000, 400
    FROM vendors v, (VALUES ('store', 'pending'), ('store', 'held'), ('platform', 'pending')) AS c (by, status)
    ON CONFLICT (vendor_id, currency, collected_by, status, due_hour, reason) DO NOTHING;
INSERT INTO payout_batches (id, status, mode, totals)
    VALUES ({BATCH}, 'partial', 'simulated', '{{"UAH": {{"amountMinor": 100, "settlements": 100}}}}');
INSERT INTO payouts (id, batch_id, vendor_id, currency, net_minor, reserve_percent, reserve_minor, amount_minor, status,
    transaction_id)
    SELECT -n, {BATCH}, v.id, 'UAH', 800, 0, 0, 800, 'completed', 'simulated-' || n FROM
    (SELECT row_number() OVER (ORDER BY id) AS n, id FROM vendors ORDER BY id LIMIT 100) AS v;
INSERT INTO payout_items (payout_id, settlement_id, net_minor)
    SELECT -n, id, 800 FROM (SELECT row_number() OVER (ORDER BY id) AS n, id FROM settlements
        WHERE order_id = '{ORDER}' AND kind = 'sale' LIMIT 100) AS s;
INSERT INTO commission_statements (id, vendor_id, currency, period_start, period_end, amount_minor, status)
    SELECT {STATEMENT}, min(id), 'UAH', now() - interval '30 days', now(), 100000, 'open' FROM vendors
    WHERE name = 'Vendor 1';
INSERT INTO commission_statement_items (statement_id, settlement_id, commission_minor, live)
    SELECT {STATEMENT}, id, 200, true FROM settlements WHERE order_id = '{ORDER}';
"""
_PROGRAMME = f"""
INSERT INTO programme_campaigns (name, percent, starts_at, ends_at, budget_usd)
    SELECT 'Campaign ' || n, 5, now() - interval '1 day', now() + interval '30 days', 100
    FROM generate_series(1, {_MANY}) n;
INSERT INTO referrer_bonuses (referrer_user_id, percent, starts_at)
    SELECT id, 5, now() FROM users ORDER BY id LIMIT {_MANY};
UPDATE programme_versions SET starts_at = now() WHERE ends_at IS NULL;
INSERT INTO programme_versions (starts_at, ends_at, rules)
    SELECT now() - n * interval '2 days', now() - n * interval '2 days' + interval '1 day', rules
    FROM generate_series(1, {_MANY}) n, (SELECT rules FROM programme_versions ORDER BY id LIMIT 1) AS v;
INSERT INTO programme_terms (id, texts)
    SELECT {TERMS} + n, '{{"en": "Terms"}}' FROM generate_series(0, {_MANY}) n;
INSERT INTO programme_applications (user_id, note)
    SELECT id, repeat('A note ', 20) FROM users ORDER BY id LIMIT {_MANY} ON CONFLICT DO NOTHING;
INSERT INTO product_imports (id, vendor_ids, file_name, status, total, done)
    SELECT {IMPORT} + n, NULL, 'products.csv', 'ready', {_MANY}, {_MANY} FROM generate_series(0, {_MANY}) n;
INSERT INTO product_import_rows (import_id, number, slug, outcome, error)
    SELECT {IMPORT}, n, 'tea-' || n, 'create', NULL FROM generate_series(1, {_MANY}) n;
INSERT INTO mint_jobs (id, kind, status, finished_at)
    SELECT {JOB} + n, 'batch', 'finished', now() FROM generate_series(0, {_MANY}) n;
INSERT INTO mint_job_items (job_id, reward_id) SELECT {JOB}, id FROM referral_rewards ORDER BY id LIMIT {_MANY};
INSERT INTO chain_alerts (kind, subject)
    SELECT 'minted_not_on_chain', 'store_' || n || 'x_1' FROM generate_series(1, {_MANY}) n;
INSERT INTO operator_alerts (kind, subject, is_critical, number)
    SELECT 'store_webhook_silent', n::text, false, 1 FROM generate_series({STORE}, {_MANY}) n;
INSERT INTO failing_items (queue, item_id, reason, next_attempt_at)
    SELECT 'payout_vendors', n || ' UAH', 'x', now() FROM generate_series(1, {_MANY}) n;
INSERT INTO rail_failures (order_reference, rail, reason)
    SELECT 'store_' || n || 'x_1', 'reward', 'x' FROM generate_series(1, {_MANY}) n;
INSERT INTO proposals (kind, subject, wallet, reason, request_id, proposed_by, expires_at)
    SELECT 'payout_wallet', id::text, '0x' || md5(id::text) || '00000000', 'x', 'crowd' || id, 1,
        now() + interval '1 day'
    FROM vendors ORDER BY id LIMIT {_MANY};
"""


def crowd(cursor: Any) -> None:
    """Fill the lists of one account, vendor, store, order and batch, and those of the programme and its alerts."""
    cursor.execute("SET session_replication_role = replica")
    for sql in (_STORES, _ACCOUNTS, _ORDERS, _MONEY, _PROGRAMME):
        cursor.execute(sql)
    # The stores above have numbers of their own.
    cursor.execute("SELECT setval(pg_get_serial_sequence('stores', 'id'), max(id)) FROM stores")
    cursor.execute("SET session_replication_role = DEFAULT; ANALYZE")
