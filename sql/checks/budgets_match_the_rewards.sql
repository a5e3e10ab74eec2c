-- The maintained use of every budget, with the changes not folded yet, equals that of the rewards.
WITH maintained AS (
    SELECT scope, sum(usd) AS usd
    FROM (SELECT scope, usd FROM budget_totals UNION ALL SELECT scope, usd FROM budget_deltas) AS parts GROUP BY scope
), counted AS (
    SELECT scope, sum(usd) AS usd FROM (
        SELECT 'month:' || to_char(budget_month, 'YYYY-MM') AS scope, usd_value AS usd FROM referral_rewards
        WHERE budget_month IS NOT NULL AND status IN ('approved', 'minting', 'minted')
        UNION ALL
        SELECT 'campaign:' || campaign_id, campaign_usd FROM referral_rewards
        WHERE campaign_id IS NOT NULL AND status IN ('approved', 'minting', 'minted')
    ) AS uses GROUP BY scope
)
SELECT coalesce(m.scope, c.scope) AS scope, m.usd AS maintained, c.usd AS counted
FROM maintained m FULL JOIN counted c ON c.scope = m.scope
WHERE coalesce(m.usd, 0) <> coalesce(c.usd, 0)
