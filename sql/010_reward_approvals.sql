-- Approvals of a reward: above a configured amount two different admins are required.

CREATE TABLE reward_approvals (
    reward_id bigint NOT NULL REFERENCES referral_rewards (id),
    admin_user_id bigint NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (reward_id, admin_user_id)
);

-- The queue's other filters; status and time are covered by the partial indexes.
CREATE INDEX referral_rewards_wallet ON referral_rewards (referrer_wallet, created_at, id);
CREATE INDEX referral_rewards_code_time ON referral_rewards (ref_code, created_at, id);
DROP INDEX referral_rewards_code;
