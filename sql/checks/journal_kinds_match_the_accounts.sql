-- The maintained sum of each kind of account is the number and the sum of its accounts.
WITH counted AS (
    SELECT split_part(account, ':', 1) AS kind, currency, count(*) AS accounts, sum(balance) AS balance
    FROM journal_account_balances GROUP BY 1, 2
)
SELECT kind, currency, k.accounts AS maintained, c.accounts AS counted, k.balance AS maintained_balance, c.balance
FROM journal_kind_balances k FULL JOIN counted c USING (kind, currency)
WHERE (k.accounts, k.balance) IS DISTINCT FROM (c.accounts, c.balance)
