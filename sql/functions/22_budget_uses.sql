-- A reward uses the budget of its month and of its campaign while it is approved, being minted or minted. Each statement
-- that changes rewards records the difference per scope as rows of its own, so that no writer waits for a shared counter.
-- A job folds budget_deltas into budget_totals. See docs/rules/programme.md.

CREATE OR REPLACE FUNCTION note_budget_uses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO budget_deltas (scope, usd)
        SELECT scope, sum(usd) FROM (
            SELECT 'month:' || to_char(budget_month, 'YYYY-MM') AS scope, usd_value AS usd FROM new_rows
            WHERE budget_month IS NOT NULL AND status IN ('approved', 'minting', 'minted')
            UNION ALL
            SELECT 'campaign:' || campaign_id, campaign_usd FROM new_rows
            WHERE campaign_id IS NOT NULL AND status IN ('approved', 'minting', 'minted')
        ) AS uses GROUP BY scope HAVING sum(usd) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO budget_deltas (scope, usd)
        SELECT scope, -sum(usd) FROM (
            SELECT 'month:' || to_char(budget_month, 'YYYY-MM') AS scope, usd_value AS usd FROM old_rows
            WHERE budget_month IS NOT NULL AND status IN ('approved', 'minting', 'minted')
            UNION ALL
            SELECT 'campaign:' || campaign_id, campaign_usd FROM old_rows
            WHERE campaign_id IS NOT NULL AND status IN ('approved', 'minting', 'minted')
        ) AS uses GROUP BY scope HAVING sum(usd) <> 0;
    ELSE
        WITH changed AS (
            SELECT budget_month, campaign_id, usd_value, campaign_usd, status, 1 AS step FROM new_rows
            UNION ALL SELECT budget_month, campaign_id, usd_value, campaign_usd, status, -1 FROM old_rows
        ), used AS (
            SELECT * FROM changed WHERE status IN ('approved', 'minting', 'minted')
        )
        INSERT INTO budget_deltas (scope, usd)
        SELECT scope, sum(usd) FROM (
            SELECT 'month:' || to_char(budget_month, 'YYYY-MM') AS scope, step * usd_value AS usd FROM used
            WHERE budget_month IS NOT NULL
            UNION ALL
            SELECT 'campaign:' || campaign_id, step * campaign_usd FROM used WHERE campaign_id IS NOT NULL
        ) AS uses GROUP BY scope HAVING sum(usd) <> 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER referral_rewards_budget_insert AFTER INSERT ON referral_rewards
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_budget_uses();
CREATE OR REPLACE TRIGGER referral_rewards_budget_update AFTER UPDATE ON referral_rewards
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_budget_uses();
CREATE OR REPLACE TRIGGER referral_rewards_budget_delete AFTER DELETE ON referral_rewards
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_budget_uses();
