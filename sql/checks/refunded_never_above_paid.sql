-- The refunded amount is the sum of the applied refunds, never exceeds the payment, and equals it when fully refunded.
SELECT p.order_reference, p.status, p.amount_minor, p.refunded_minor, coalesce(r.applied_minor, 0) AS applied_minor
FROM payment_transactions p
LEFT JOIN (
    SELECT order_reference, sum(amount_minor) FILTER (WHERE status = 'applied') AS applied_minor
    FROM payment_refunds GROUP BY order_reference
) r ON r.order_reference = p.order_reference
WHERE p.refunded_minor > p.amount_minor
   OR (r.order_reference IS NOT NULL AND p.refunded_minor <> coalesce(r.applied_minor, 0))
   OR (p.refunded_minor > 0 AND (p.status = 'refunded') <> (p.refunded_minor = p.amount_minor))
