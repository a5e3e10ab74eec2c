-- The journal contains the payment of every paid reference less its refunds, from the provider or from credit, and
-- nothing of an order whose store collected the money.
SELECT p.order_reference, p.amount_minor - p.refunded_minor AS net_minor, coalesce(b.received, 0) AS journal_minor
FROM payment_transactions p
LEFT JOIN orders o ON p.purpose = 'store_order' AND o.id = p.entity_id
LEFT JOIN (
    SELECT order_reference, currency, sum(CASE WHEN credit_account = 'clearing' THEN amount ELSE -amount END) AS received
    FROM journal_transfers WHERE source IN ('payment', 'credit_entry') AND 'clearing' IN (debit_account, credit_account)
        AND NOT starts_with(kind, 'membership') AND NOT starts_with(kind, 'passed_on')
        AND NOT starts_with(kind, 'statement_payment')
    GROUP BY order_reference, currency
) b ON b.order_reference = p.order_reference AND b.currency = p.currency
WHERE coalesce(b.received, 0) <> CASE WHEN p.paid_at IS NULL OR o.collected_by = 'store' THEN 0 ELSE p.amount_minor - p.refunded_minor END
