-- Which rewards wait for a mint: the partial index of portal/rewards/mintable.py, compared with it by a test.

SET LOCAL lock_timeout = '15s';

CREATE INDEX referral_rewards_to_mint ON referral_rewards (created_at, id)
WHERE status = 'approved' AND NOT refund_due AND reward_amount_wei > 0 AND referrer_wallet <> '';
