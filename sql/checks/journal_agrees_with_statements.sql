-- In the journal a vendor owes the commissions of settlements that no paid statement has, and what was received outside
-- is the sum of the paid statements, less what providers received for them.
WITH rows AS (
    SELECT 'vendor_receivable:' || vendor_id AS account, currency, -sum(commission_minor) AS expected
    FROM settlements WHERE collected_by = 'store' AND status NOT IN ('cancelled', 'completed') GROUP BY vendor_id, currency
    UNION ALL
    SELECT 'commissions_received', currency, sum(received)
    FROM (
        SELECT currency, -amount_minor AS received FROM commission_statements WHERE status = 'paid'
        UNION ALL
        SELECT currency, amount_minor - refunded_minor FROM payment_transactions
        WHERE purpose = 'commission_statement' AND paid_at IS NOT NULL
    ) AS parts GROUP BY currency
)
SELECT coalesce(b.account, r.account) AS account, coalesce(b.currency, r.currency) AS currency,
    b.balance AS journal_minor, r.expected AS expected_minor
FROM (
    SELECT * FROM journal_balances WHERE starts_with(account, 'vendor_receivable:') OR account = 'commissions_received'
) b
FULL JOIN rows r ON r.account = b.account AND r.currency = b.currency
WHERE coalesce(b.balance, 0) <> coalesce(r.expected, 0)
