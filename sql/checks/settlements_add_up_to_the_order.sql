-- The settlements of an order add up to its total less what refunds took back of it.
SELECT o.id, o.total_minor, o.refunded_minor, sum(s.amount_minor) FILTER (WHERE s.status <> 'cancelled') AS settled_minor
FROM orders o
JOIN settlements s ON s.order_reference = o.order_reference
GROUP BY o.id, o.total_minor, o.refunded_minor
HAVING coalesce(sum(s.amount_minor) FILTER (WHERE s.status <> 'cancelled'), 0) <> o.total_minor - o.refunded_minor
