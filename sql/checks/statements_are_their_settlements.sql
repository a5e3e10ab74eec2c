-- A statement is the sum of its settlements, all of one vendor and currency, collected by a store and in the status that
-- the statement gives them. Such a settlement is never in a payout.
-- One without a commission may be completed without a statement.
SELECT t.id AS statement_id, NULL::bigint AS settlement_id, t.amount_minor AS stated_minor, sum(i.commission_minor) AS items_minor
FROM commission_statements t
LEFT JOIN commission_statement_items i ON i.statement_id = t.id
GROUP BY t.id
HAVING t.amount_minor IS DISTINCT FROM sum(i.commission_minor)
UNION ALL
SELECT t.id, s.id, i.commission_minor, s.commission_minor
FROM commission_statement_items i
JOIN commission_statements t ON t.id = i.statement_id
JOIN settlements s ON s.id = i.settlement_id
WHERE i.live <> (t.status <> 'void')
   OR i.live AND (s.collected_by <> 'store' OR s.vendor_id <> t.vendor_id OR s.currency <> t.currency
        OR s.commission_minor <> i.commission_minor OR s.created_at >= t.period_end
        OR s.status <> CASE t.status WHEN 'paid' THEN 'completed' ELSE 'processing' END)
UNION ALL
SELECT i.statement_id, s.id, NULL, s.commission_minor
FROM settlements s
LEFT JOIN commission_statement_items i ON i.settlement_id = s.id AND i.live
WHERE s.collected_by = 'store' AND (
    (s.status = 'processing' OR s.status = 'completed' AND s.commission_minor <> 0) AND i.statement_id IS NULL
    OR s.payout_batch_id IS NOT NULL
    OR EXISTS (SELECT FROM payout_items p WHERE p.settlement_id = s.id))
