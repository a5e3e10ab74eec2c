-- The netted amount of a debit is the sum of its unreleased nettings and never exceeds the debit; the netted amount of a
-- reward is the sum of its unreleased nettings.
SELECT 'debit' AS kind, d.id, d.amount_wei, d.netted_wei, coalesce(n.sum_wei, 0) AS sum_wei
FROM reward_debits d
LEFT JOIN (SELECT debit_id, sum(amount_wei) AS sum_wei FROM reward_nettings WHERE released_at IS NULL GROUP BY 1) n
    ON n.debit_id = d.id
WHERE d.netted_wei > d.amount_wei OR d.netted_wei <> coalesce(n.sum_wei, 0)
UNION ALL
SELECT 'reward', r.id, r.reward_amount_wei, r.netted_wei, coalesce(n.sum_wei, 0)
FROM referral_rewards r
LEFT JOIN (SELECT reward_id, sum(amount_wei) AS sum_wei FROM reward_nettings WHERE released_at IS NULL GROUP BY 1) n
    ON n.reward_id = r.id
WHERE (r.netted_wei > 0 OR n.reward_id IS NOT NULL) AND r.netted_wei <> coalesce(n.sum_wei, 0)
