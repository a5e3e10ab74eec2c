-- Rewards and debits, in wei of the platform's token. See docs/rules/journal.md and docs/rules/rewards.md.

-- A granted reward is owed to the referrer until it is minted; what debits keep back offsets tokens minted in excess.
CREATE OR REPLACE FUNCTION reward_lines(r referral_rewards) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        ROW('reward_granted', 'reward_expense', 'reward_payable:' || r.referrer_user_id, r.reward_amount_wei + r.netted_wei),
        ROW('debit_netted', 'reward_payable:' || r.referrer_user_id, 'reward_debit:' || r.referrer_user_id, r.netted_wei),
        ROW('reward_minted', 'reward_payable:' || r.referrer_user_id, 'tokens_minted',
            CASE WHEN r.status = 'minted' THEN r.reward_amount_wei ELSE 0 END)
    ]::journal_line[]
    WHERE r.status <> 'rejected' AND r.reward_amount_wei IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION journal_reward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM post_transfers('reward', OLD.id, OLD.order_reference, 'TOKEN', reward_lines(OLD), NULL);
    ELSE
        PERFORM post_transfers('reward', NEW.id, NEW.order_reference, 'TOKEN',
            CASE WHEN TG_OP = 'UPDATE' THEN reward_lines(OLD) END, reward_lines(NEW));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER referral_rewards_journal
    AFTER INSERT OR DELETE OR UPDATE OF status, reward_amount_wei, netted_wei, referrer_user_id
    ON referral_rewards FOR EACH ROW EXECUTE FUNCTION journal_reward();

CREATE OR REPLACE FUNCTION reward_debit_lines(d reward_debits) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[ROW('reward_debited', 'reward_debit:' || d.referrer_user_id, 'reward_expense', d.amount_wei)::journal_line]
$$;

CREATE OR REPLACE FUNCTION journal_reward_debit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_transfers('reward_debit', NEW.id, NEW.order_reference, 'TOKEN', NULL, reward_debit_lines(NEW));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER reward_debits_journal AFTER INSERT ON reward_debits
    FOR EACH ROW EXECUTE FUNCTION journal_reward_debit();
