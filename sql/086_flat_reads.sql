-- transactional: false
-- What 085 needs beside a running portal. Each statement is a transaction of its own; an interrupted file is repeated.

-- The balances of a payout run: their oldest row, and their largest.
DROP INDEX CONCURRENTLY IF EXISTS settlements_oldest_of_balance;
CREATE INDEX CONCURRENTLY settlements_oldest_of_balance ON settlements (vendor_id, currency, scheduled_for, id)
    WHERE status = 'pending' AND collected_by = 'platform';
DROP INDEX CONCURRENTLY IF EXISTS settlements_largest_of_balance;
CREATE INDEX CONCURRENTLY settlements_largest_of_balance
    ON settlements (vendor_id, currency, net_payout_minor DESC, scheduled_for, id)
    WHERE status = 'pending' AND collected_by = 'platform';

-- Products and vendors in the alphabet of each language, a page at a time.
DROP INDEX CONCURRENTLY IF EXISTS products_alphabet_en;
CREATE INDEX CONCURRENTLY products_alphabet_en ON products
    ((alphabet_key(coalesce(jsonb_extract_path_text(translations, 'en', 'name'), name), 'en')) COLLATE "C", id) WHERE active;
DROP INDEX CONCURRENTLY IF EXISTS products_alphabet_uk;
CREATE INDEX CONCURRENTLY products_alphabet_uk ON products
    ((alphabet_key(coalesce(jsonb_extract_path_text(translations, 'uk', 'name'), name), 'uk')) COLLATE "C", id) WHERE active;
DROP INDEX CONCURRENTLY IF EXISTS products_alphabet_ru;
CREATE INDEX CONCURRENTLY products_alphabet_ru ON products
    ((alphabet_key(coalesce(jsonb_extract_path_text(translations, 'ru', 'name'), name), 'ru')) COLLATE "C", id) WHERE active;
DROP INDEX CONCURRENTLY IF EXISTS vendors_alphabet_en;
CREATE INDEX CONCURRENTLY vendors_alphabet_en ON vendors ((alphabet_key(name, 'en')) COLLATE "C", id);
DROP INDEX CONCURRENTLY IF EXISTS vendors_alphabet_uk;
CREATE INDEX CONCURRENTLY vendors_alphabet_uk ON vendors ((alphabet_key(name, 'uk')) COLLATE "C", id);
DROP INDEX CONCURRENTLY IF EXISTS vendors_alphabet_ru;
CREATE INDEX CONCURRENTLY vendors_alphabet_ru ON vendors ((alphabet_key(name, 'ru')) COLLATE "C", id);

-- Count the settlements from before the triggers of 085: the difference between the ledger and what is recorded. Both are
-- read at one moment, and a change commits together with its record, so writers need not wait.
INSERT INTO settlement_total_deltas
    (vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum)
SELECT vendor_id, currency, collected_by, status, due_hour, reason, sum(settlements), sum(net_sum), sum(commission_sum)
FROM (
    SELECT vendor_id, currency, collected_by, status, settlement_due_hour(status, kind, collected_by, scheduled_for) AS due_hour,
        settlement_hold(status, failure_reason) AS reason,
        1 AS settlements, net_payout_minor AS net_sum, commission_minor AS commission_sum
    FROM settlements
    UNION ALL
    SELECT vendor_id, currency, collected_by, status, due_hour, reason, -settlements, -net_sum, -commission_sum
    FROM settlement_total_deltas
    UNION ALL
    SELECT vendor_id, currency, collected_by, status, due_hour, reason, -settlements, -net_sum, -commission_sum
    FROM settlement_totals WHERE vendor_id <> 0
) AS parts
GROUP BY 1, 2, 3, 4, 5, 6
HAVING sum(settlements) <> 0 OR sum(net_sum) <> 0 OR sum(commission_sum) <> 0;
