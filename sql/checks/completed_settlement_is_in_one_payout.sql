-- A settlement that this portal paid out is in exactly one payout, and in the batch of that payout.
SELECT s.id, s.payout_batch_id, count(i.payout_id) AS payouts
FROM settlements s
LEFT JOIN payout_items i ON i.settlement_id = s.id AND i.live
LEFT JOIN payouts p ON p.id = i.payout_id
WHERE s.status = 'completed' AND s.collected_by = 'platform' AND s.payout_batch_id IS NOT NULL
GROUP BY s.id, s.payout_batch_id
HAVING count(i.payout_id) <> 1 OR bool_or(p.batch_id <> s.payout_batch_id OR p.status <> 'completed'
    OR p.vendor_id <> s.vendor_id OR p.currency <> s.currency)
