-- The paid amount of an order is the amount of its payment, and zero before it is paid.
SELECT o.id, o.paid_minor, p.amount_minor
FROM orders o
LEFT JOIN payment_transactions p ON p.order_reference = o.order_reference AND p.paid_at IS NOT NULL
WHERE CASE WHEN o.paid_at IS NULL THEN o.paid_minor <> 0 ELSE o.paid_minor <> p.amount_minor END
