-- The totals of a batch are the sums of its payouts per currency, and a payout is the sum of its settlements.
WITH stated AS (
    SELECT b.id AS batch_id, t.key AS currency, (t.value ->> 'amountMinor')::bigint AS amount,
        (t.value ->> 'netMinor')::bigint AS net, (t.value ->> 'settlements')::bigint AS settlements
    FROM payout_batches b, jsonb_each(b.totals) t
), summed AS (
    SELECT p.batch_id, p.currency, sum(p.amount_minor) AS amount, sum(p.net_minor) AS net,
        sum((SELECT count(*) FROM payout_items i WHERE i.payout_id = p.id)) AS settlements
    FROM payouts p GROUP BY p.batch_id, p.currency
)
SELECT coalesce(t.batch_id, f.batch_id) AS batch_id, coalesce(t.currency, f.currency) AS currency, t.amount, f.amount AS rows_amount
FROM stated t FULL JOIN summed f ON f.batch_id = t.batch_id AND f.currency = t.currency
WHERE t.amount IS DISTINCT FROM f.amount OR t.net IS DISTINCT FROM f.net OR t.settlements IS DISTINCT FROM f.settlements
UNION ALL
SELECT p.batch_id, p.currency, p.net_minor, coalesce(sum(i.net_minor), 0)
FROM payouts p LEFT JOIN payout_items i ON i.payout_id = p.id
GROUP BY p.id HAVING p.net_minor <> coalesce(sum(i.net_minor), 0)
UNION ALL
SELECT p.batch_id, p.currency, p.released_minor, coalesce(sum(r.amount_minor), 0)
FROM payouts p LEFT JOIN reserve_releases r ON r.payout_id = p.id
WHERE p.status <> 'failed'
GROUP BY p.id HAVING p.released_minor <> coalesce(sum(r.amount_minor), 0)
