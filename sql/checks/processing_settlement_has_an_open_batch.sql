-- A settlement that is being paid belongs to a processing payout in an unfinished batch.
SELECT s.id, s.payout_batch_id, b.status AS batch_status, p.status AS payout_status
FROM settlements s
LEFT JOIN payout_items i ON i.settlement_id = s.id AND i.live
LEFT JOIN payouts p ON p.id = i.payout_id
LEFT JOIN payout_batches b ON b.id = p.batch_id
WHERE s.status = 'processing' AND s.collected_by = 'platform'
  AND (p.status IS DISTINCT FROM 'processing' OR b.status NOT IN ('created', 'processing') OR b.id <> s.payout_batch_id)
