-- The maintained totals, with the changes not folded yet, equal the rewards, per referrer and for the platform.
WITH maintained AS (
    SELECT referrer_user_id, status, sum(rewards) AS rewards, sum(amount_wei) AS amount_wei
    FROM (SELECT referrer_user_id, status, rewards, amount_wei FROM reward_totals
          UNION ALL SELECT referrer_user_id, status, rewards, amount_wei FROM reward_total_deltas
          UNION ALL SELECT 0, status, rewards, amount_wei FROM reward_total_deltas) AS parts
    GROUP BY 1, 2
), counted AS (
    SELECT referrer_user_id, status, count(*) AS rewards, sum(coalesce(reward_amount_wei, 0)) AS amount_wei
    FROM referral_rewards GROUP BY 1, 2
    UNION ALL SELECT 0, status, count(*), sum(coalesce(reward_amount_wei, 0)) FROM referral_rewards GROUP BY 2
)
SELECT coalesce(m.referrer_user_id, c.referrer_user_id) AS referrer_user_id, coalesce(m.status, c.status) AS status,
       m.rewards AS maintained, c.rewards AS counted
FROM maintained m FULL JOIN counted c USING (referrer_user_id, status)
WHERE coalesce(m.rewards, 0) <> coalesce(c.rewards, 0) OR coalesce(m.amount_wei, 0) <> coalesce(c.amount_wei, 0)
