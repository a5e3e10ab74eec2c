-- The maintained totals of each code, with the changes not folded yet, equal its orders.
WITH maintained AS (
    SELECT code, sum(orders) AS orders, sum(paid) AS paid, sum(refunded) AS refunded
    FROM (SELECT code, orders, paid, refunded FROM code_order_totals
          UNION ALL SELECT code, orders, paid, refunded FROM code_order_deltas) AS parts
    GROUP BY 1
), counted AS (
    SELECT referral_code AS code, count(*) AS orders,
           count(paid_at) FILTER (WHERE total_minor > 0 OR paid_minor > 0) AS paid,
           count(*) FILTER (WHERE status = 'refunded') AS refunded
    FROM orders WHERE referral_code IS NOT NULL GROUP BY 1
)
SELECT code, m.orders AS maintained, c.orders AS counted
FROM maintained m FULL JOIN counted c USING (code)
WHERE (coalesce(m.orders, 0), coalesce(m.paid, 0), coalesce(m.refunded, 0))
    <> (coalesce(c.orders, 0), coalesce(c.paid, 0), coalesce(c.refunded, 0))
