-- Each statement that changes rewards records its difference per referrer and status as rows of its own, so that no
-- writer waits for a shared counter. A job folds reward_total_deltas into reward_totals. See docs/rules/rewards.md.

CREATE OR REPLACE FUNCTION note_reward_totals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO reward_total_deltas (referrer_user_id, status, rewards, amount_wei)
        SELECT referrer_user_id, status, count(*), sum(coalesce(reward_amount_wei, 0)) FROM new_rows GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO reward_total_deltas (referrer_user_id, status, rewards, amount_wei)
        SELECT referrer_user_id, status, -count(*), -sum(coalesce(reward_amount_wei, 0)) FROM old_rows GROUP BY 1, 2;
    ELSE
        INSERT INTO reward_total_deltas (referrer_user_id, status, rewards, amount_wei)
        SELECT referrer_user_id, status, sum(step), sum(step * coalesce(reward_amount_wei, 0))
        FROM (SELECT referrer_user_id, status, reward_amount_wei, 1 AS step FROM new_rows
              UNION ALL SELECT referrer_user_id, status, reward_amount_wei, -1 FROM old_rows) AS changed
        GROUP BY 1, 2
        HAVING sum(step) <> 0 OR sum(step * coalesce(reward_amount_wei, 0)) <> 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER referral_rewards_note_insert AFTER INSERT ON referral_rewards
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_reward_totals();
CREATE OR REPLACE TRIGGER referral_rewards_note_update AFTER UPDATE ON referral_rewards
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_reward_totals();
CREATE OR REPLACE TRIGGER referral_rewards_note_delete AFTER DELETE ON referral_rewards
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_reward_totals();
