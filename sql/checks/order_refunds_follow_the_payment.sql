-- What refunds took back of an order of the built-in shop is what its payment refunded. Of any order it is everything
-- once all money went back, and nothing before any did.
SELECT o.id, o.store_id, o.total_minor, o.refunded_minor, p.amount_minor, p.refunded_minor AS paid_back_minor
FROM orders o
JOIN payment_transactions p ON p.order_reference = o.order_reference AND p.paid_at IS NOT NULL
WHERE (o.store_id = 1 AND o.refunded_minor <> p.refunded_minor)
   OR (p.refunded_minor = 0 AND o.refunded_minor <> 0)
   OR (p.status = 'refunded' AND o.refunded_minor <> o.total_minor)
