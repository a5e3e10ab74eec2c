-- No payout is negative: refunds are netted, and a sale whose commission exceeds its amount is on hold.
SELECT p.id, p.amount_minor, NULL::bigint AS settlement_id FROM payouts p WHERE p.amount_minor < 0
UNION ALL
SELECT NULL, s.net_payout_minor, s.id FROM settlements s
WHERE s.kind = 'sale' AND s.collected_by = 'platform' AND s.status IN ('processing', 'completed') AND s.net_payout_minor < 0
