-- The journal contains the net payout and the commission of every settlement, and nothing of a cancelled one. The vendor
-- has the net payout of a settlement whose money the store collected.
SELECT s.id, s.order_reference, s.status, s.net_payout_minor, j.net, s.commission_minor, j.commission
FROM settlements s
LEFT JOIN (
    SELECT source_id,
        sum(CASE WHEN starts_with(credit_account, 'vendor_payable:') THEN amount
            WHEN starts_with(debit_account, 'vendor_payable:') THEN -amount ELSE 0 END) AS net,
        sum(CASE WHEN starts_with(kind, 'vendor_payable') THEN 0 WHEN right(kind, 9) = '_reversed' THEN -amount ELSE amount END)
            AS commission
    FROM journal_transfers
    WHERE source = 'settlement' AND kind <> 'paid_before' AND NOT starts_with(kind, 'statement_paid') GROUP BY source_id
) j ON j.source_id = s.id
WHERE coalesce(j.net, 0) <> CASE WHEN s.status = 'cancelled' OR s.collected_by = 'store' THEN 0 ELSE s.net_payout_minor END
   OR coalesce(j.commission, 0) <> CASE WHEN s.status = 'cancelled' THEN 0 ELSE s.commission_minor END
