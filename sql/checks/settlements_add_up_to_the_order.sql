-- The sales of all vendors of an order are the order's total.
SELECT o.id, o.total_minor, sum(s.amount_minor) AS settled_minor
FROM orders o JOIN settlements s ON s.order_reference = o.order_reference AND s.kind = 'sale'
GROUP BY o.id, o.total_minor
HAVING sum(s.amount_minor) <> o.total_minor
