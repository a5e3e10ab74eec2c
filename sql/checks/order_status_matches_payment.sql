-- An order is paid exactly when its payment is paid.
SELECT o.id, o.status, p.status AS payment_status
FROM orders o JOIN payment_transactions p ON p.order_reference = o.order_reference
WHERE (p.status = 'paid') <> (o.status = 'paid') AND p.status <> 'refunded' AND o.status <> 'refunded'
