-- A reward whose reference the contract paid differently than owed is completed by a second payment under
-- `<order reference>#2`. What earlier payments delivered is subtracted from what the next one pays.

SET LOCAL lock_timeout = '15s';

ALTER TABLE referral_rewards
    ADD COLUMN payment_number smallint NOT NULL DEFAULT 1 CHECK (payment_number >= 1),
    ADD COLUMN delivered_wei numeric(78, 0) NOT NULL DEFAULT 0 CHECK (delivered_wei >= 0);

DROP INDEX referral_rewards_to_mint;
CREATE INDEX referral_rewards_to_mint ON referral_rewards (created_at, id)
WHERE status = 'approved' AND NOT refund_due AND reward_amount_wei > delivered_wei AND referrer_wallet <> '';
