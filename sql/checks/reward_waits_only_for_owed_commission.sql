-- A reward waits for a statement only while a sale of its order owes a commission, or its commission ledger is unwritten.
SELECT r.id, r.order_reference, r.status
FROM referral_rewards r
WHERE r.waits_for_statement AND r.status NOT IN ('minted', 'rejected')
  AND EXISTS (SELECT FROM settlements s WHERE s.order_reference = r.order_reference)
  AND NOT EXISTS (
      SELECT FROM settlements s
      WHERE s.order_reference = r.order_reference AND s.kind = 'sale' AND s.status NOT IN ('cancelled', 'completed')
        AND s.commission_minor > 0)
