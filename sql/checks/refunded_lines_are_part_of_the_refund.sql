-- What refunds took back of the lines they name is at most what they took back of the order.
SELECT o.id, o.refunded_minor, sum(i.refunded_minor) AS lines_minor
FROM orders o
JOIN order_items i ON i.order_id = o.id AND i.refunded_minor > 0
GROUP BY o.id
HAVING sum(i.refunded_minor) > o.refunded_minor
