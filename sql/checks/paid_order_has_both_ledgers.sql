-- A paid order has its settlements unless it is free, and its reward if it is attributed and earns one, or a recorded
-- failure to write them.
SELECT o.id, o.order_reference, f.rail
FROM orders o
JOIN payment_transactions p ON p.order_reference = o.order_reference AND p.status = 'paid'
CROSS JOIN (VALUES ('commission'), ('reward')) AS f (rail)
WHERE NOT EXISTS (SELECT 1 FROM rail_failures x WHERE x.order_reference = o.order_reference AND x.rail = f.rail AND x.resolved_at IS NULL)
  AND CASE f.rail
      WHEN 'commission' THEN o.total_minor > 0 AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.order_reference = o.order_reference)
      ELSE o.referral_code IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM referral_rewards r WHERE r.order_reference = o.order_reference)
          AND NOT EXISTS (SELECT 1 FROM event_log e WHERE e.order_reference = o.order_reference AND e.event = 'reward_not_due')
      END
