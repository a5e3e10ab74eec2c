-- The maintained totals, with the changes not folded yet, equal the settlements, per vendor and for the platform.
WITH maintained AS (
    SELECT vendor_id, currency, collected_by, status, CASE WHEN due_hour > now() THEN due_hour ELSE 'epoch' END AS due_hour,
        reason, sum(settlements) AS settlements, sum(net_sum) AS net_sum, sum(commission_sum) AS commission_sum
    FROM (SELECT * FROM settlement_totals
          UNION ALL SELECT vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum
          FROM settlement_total_deltas
          UNION ALL SELECT 0, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum
          FROM settlement_total_deltas) AS parts
    GROUP BY 1, 2, 3, 4, 5, 6
), counted AS (
    SELECT vendor_id, currency, collected_by, status, CASE WHEN due_hour > now() THEN due_hour ELSE 'epoch' END AS due_hour,
        reason, count(*) AS settlements, sum(net_payout_minor) AS net_sum, sum(commission_minor) AS commission_sum
    FROM (SELECT *, settlement_due_hour(status, kind, collected_by, scheduled_for) AS due_hour,
              settlement_hold(status, failure_reason) AS reason FROM settlements) AS rows
    GROUP BY GROUPING SETS ((1, 2, 3, 4, 5, 6), (2, 3, 4, 5, 6))
)
SELECT coalesce(m.vendor_id, c.vendor_id) AS vendor_id, coalesce(m.currency, c.currency) AS currency,
    coalesce(m.status, c.status) AS status, coalesce(m.reason, c.reason) AS reason,
    m.settlements AS maintained, c.settlements AS counted
FROM maintained m
FULL JOIN (SELECT coalesce(vendor_id, 0) AS vendor_id, currency, collected_by, status, due_hour, reason, settlements,
               net_sum, commission_sum FROM counted) AS c
    USING (vendor_id, currency, collected_by, status, due_hour, reason)
WHERE coalesce(m.settlements, 0) <> coalesce(c.settlements, 0) OR coalesce(m.net_sum, 0) <> coalesce(c.net_sum, 0)
    OR coalesce(m.commission_sum, 0) <> coalesce(c.commission_sum, 0)
