-- In the journal a vendor is owed the settlements that are not paid out, the reserve is that of completed payouts, and
-- the account of a payout is empty.
WITH owed AS (
    SELECT 'vendor_payable:' || vendor_id AS account, currency, sum(net_payout_minor) AS expected
    FROM settlements WHERE status NOT IN ('cancelled', 'completed') AND collected_by = 'platform' GROUP BY vendor_id, currency
    UNION ALL
    SELECT 'vendor_reserve:' || vendor_id, currency, sum(reserve_minor - released_minor)
    FROM payouts WHERE status = 'completed' GROUP BY vendor_id, currency
)
SELECT coalesce(b.account, o.account) AS account, coalesce(b.currency, o.currency) AS currency,
    b.balance AS journal_minor, o.expected AS expected_minor
FROM (
    SELECT * FROM journal_balances
    WHERE starts_with(account, 'vendor_payable:') OR starts_with(account, 'vendor_reserve:') OR starts_with(account, 'payout:')
) b
FULL JOIN owed o ON o.account = b.account AND o.currency = b.currency
WHERE coalesce(b.balance, 0) <> coalesce(o.expected, 0)
