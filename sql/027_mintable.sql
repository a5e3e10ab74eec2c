-- Which rewards wait for a mint: the partial index of portal/rewards/mintable.py, compared with it by a test.

ALTER TABLE referral_rewards ADD COLUMN IF NOT EXISTS mintable_from timestamptz NOT NULL DEFAULT now();

CREATE INDEX referral_rewards_to_mint ON referral_rewards (created_at, id)
WHERE status = 'approved' AND NOT refund_due AND reward_amount_wei > 0 AND referrer_wallet <> '';
