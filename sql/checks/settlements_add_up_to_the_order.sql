-- The settlements of an order add up to its total less its refunds.
SELECT o.id, o.total_minor, p.refunded_minor, sum(s.amount_minor) FILTER (WHERE s.status <> 'cancelled') AS settled_minor
FROM orders o
JOIN settlements s ON s.order_reference = o.order_reference
LEFT JOIN payment_transactions p ON p.order_reference = o.order_reference
GROUP BY o.id, o.total_minor, p.refunded_minor
HAVING coalesce(sum(s.amount_minor) FILTER (WHERE s.status <> 'cancelled'), 0) <> o.total_minor - coalesce(p.refunded_minor, 0)
