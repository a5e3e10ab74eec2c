-- A paid order has its settlements, and its reward if it is attributed, or a recorded failure to write them.
SELECT o.id, o.order_reference, f.rail
FROM orders o
JOIN payment_transactions p ON p.order_reference = o.order_reference AND p.status = 'paid'
CROSS JOIN (VALUES ('commission'), ('reward')) AS f (rail)
WHERE NOT EXISTS (SELECT 1 FROM rail_failures x WHERE x.order_reference = o.order_reference AND x.rail = f.rail AND x.resolved_at IS NULL)
  AND CASE f.rail
      WHEN 'commission' THEN NOT EXISTS (SELECT 1 FROM settlements s WHERE s.order_reference = o.order_reference)
      ELSE o.referral_code IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM referral_rewards r WHERE r.order_reference = o.order_reference)
      END
