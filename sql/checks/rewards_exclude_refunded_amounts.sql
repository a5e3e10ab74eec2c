-- A reward less its debits never exceeds the size that the refunds of its order leave. A job adjusts rewards that were
-- being minted when the refund arrived (refund_due). See docs/rules/refunds.md.
SELECT r.id, r.order_reference, r.status, r.reward_amount_wei, r.netted_wei, d.owed_wei, t.target_wei
FROM referral_rewards r
JOIN payment_transactions p ON p.order_reference = r.order_reference AND p.refunded_minor > 0
LEFT JOIN orders o ON o.id = r.order_id
CROSS JOIN LATERAL (
    SELECT coalesce(o.total_minor, p.amount_minor) AS total, coalesce(o.refunded_minor, p.refunded_minor) AS refunded
) a
CROSS JOIN LATERAL (SELECT coalesce(sum(amount_wei), 0) AS owed_wei FROM reward_debits WHERE reward_id = r.id) d
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.refunded = a.total THEN 0 ELSE greatest(1, div(
        coalesce(r.granted_wei, r.reward_amount_wei) * (a.total - a.refunded), a.total)) END AS target_wei
) t
WHERE NOT r.refund_due AND r.status <> 'rejected' AND r.reward_amount_wei IS NOT NULL
  AND r.reward_amount_wei + r.netted_wei - d.owed_wei > t.target_wei
