-- The maintained balance of every account is the sum of its transfers.
WITH transfers AS (
    SELECT account, currency, sum(amount) AS balance
    FROM (SELECT credit_account AS account, currency, amount FROM journal_transfers
          UNION ALL SELECT debit_account, currency, -amount FROM journal_transfers) AS sides
    GROUP BY 1, 2
)
SELECT account, currency, b.balance AS maintained, t.balance AS posted
FROM journal_balances b FULL JOIN transfers t USING (account, currency)
WHERE coalesce(b.balance, 0) <> coalesce(t.balance, 0)
