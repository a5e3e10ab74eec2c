-- The balance of a credit account in the journal is the credit balance of its owner.
SELECT coalesce(b.account, 'credit:' || c.user_id) AS account, coalesce(b.currency, c.currency) AS currency,
    b.balance AS journal_minor, c.balance_minor
FROM (SELECT * FROM journal_balances WHERE starts_with(account, 'credit:')) b
FULL JOIN credit_balances c ON b.account = 'credit:' || c.user_id AND b.currency = c.currency
WHERE coalesce(b.balance, 0) <> coalesce(c.balance_minor, 0)
