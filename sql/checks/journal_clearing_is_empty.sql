-- A payment less its refunds leaves clearing completely, unless its commission ledger is still to be written.
SELECT t.order_reference, t.currency, sum(CASE WHEN t.credit_account = 'clearing' THEN t.amount ELSE -t.amount END) AS remaining_minor
FROM journal_transfers t
JOIN payment_transactions p ON p.order_reference = t.order_reference
WHERE 'clearing' IN (t.debit_account, t.credit_account)
  AND NOT EXISTS (
      SELECT 1 FROM rail_failures f
      WHERE f.order_reference = t.order_reference AND f.rail = 'commission' AND f.resolved_at IS NULL)
GROUP BY t.order_reference, t.currency
HAVING sum(CASE WHEN t.credit_account = 'clearing' THEN t.amount ELSE -t.amount END) <> 0
