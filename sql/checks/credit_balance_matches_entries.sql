-- A credit balance is the sum of its entries.
SELECT coalesce(b.user_id, e.user_id) AS user_id, coalesce(b.currency, e.currency) AS currency, b.balance_minor, e.sum_minor
FROM credit_balances b
FULL JOIN (
    SELECT user_id, currency, sum(amount_minor) AS sum_minor FROM credit_entries GROUP BY user_id, currency
) e ON e.user_id = b.user_id AND e.currency = b.currency
WHERE coalesce(b.balance_minor, 0) <> coalesce(e.sum_minor, 0)
