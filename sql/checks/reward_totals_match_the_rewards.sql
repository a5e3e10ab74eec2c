-- The kept totals and what is noted since are exactly the rewards, per referrer and for the platform.
WITH kept AS (
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
SELECT coalesce(k.referrer_user_id, c.referrer_user_id) AS referrer_user_id, coalesce(k.status, c.status) AS status,
       k.rewards AS kept, c.rewards AS counted
FROM kept k FULL JOIN counted c USING (referrer_user_id, status)
WHERE coalesce(k.rewards, 0) <> coalesce(c.rewards, 0) OR coalesce(k.amount_wei, 0) <> coalesce(c.amount_wei, 0)
