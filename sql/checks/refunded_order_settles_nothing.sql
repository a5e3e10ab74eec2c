-- A fully refunded payment owes vendors nothing, and its sales that were not paid out are cancelled.
SELECT p.order_reference, s.vendor_id, sum(s.amount_minor) AS owed_minor, sum(s.net_payout_minor) AS net_minor
FROM payment_transactions p
JOIN settlements s ON s.order_reference = p.order_reference AND s.status <> 'cancelled'
WHERE p.status = 'refunded' AND p.refunded_minor > 0
GROUP BY p.order_reference, s.vendor_id
HAVING sum(s.amount_minor) <> 0 OR sum(s.net_payout_minor) <> 0
    OR (bool_or(s.kind = 'sale' AND s.status IN ('pending', 'held', 'failed') AND s.amount_minor > 0)
        AND NOT bool_or(s.kind = 'refund'))
