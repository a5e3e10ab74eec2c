-- A store's customer has a share code at once: a referrer of their own, without a wallet until an account is connected.

SET LOCAL lock_timeout = '15s';

ALTER TABLE store_referrers
    ADD COLUMN own_user_id bigint UNIQUE REFERENCES users (id),
    ADD COLUMN email_key text;
COMMENT ON COLUMN store_referrers.own_user_id IS 'The referrer before an account is connected; nobody can sign in as it';
COMMENT ON COLUMN store_referrers.email_key IS 'Keyed hash of the e-mail the store reported, only to refuse own purchases';

-- One code per person and wallet, and one per customer of a store. Only the latter may lack a wallet.
ALTER TABLE refcodes
    ADD COLUMN store_referrer_id bigint UNIQUE REFERENCES store_referrers (id),
    DROP CONSTRAINT refcodes_owner_user_id_wallet_address_key,
    ADD CONSTRAINT refcodes_owner_user_id_wallet_address_key
        UNIQUE NULLS NOT DISTINCT (owner_user_id, wallet_address, store_referrer_id),
    DROP CONSTRAINT refcodes_wallet_address_check,
    ADD CONSTRAINT refcodes_wallet_address_check CHECK (
        wallet_address ~ '^0x[0-9a-f]{40}$' OR (wallet_address = '' AND store_referrer_id IS NOT NULL)
    );

-- The new conditions are true of every row that met the old ones, so the rows are not read again while the table is locked.
ALTER TABLE referral_rewards
    DROP CONSTRAINT referral_rewards_referrer_wallet_check,
    ADD CONSTRAINT referral_rewards_referrer_wallet_check CHECK (
        referrer_wallet ~ '^0x[0-9a-f]{40}$' OR (referrer_wallet = '' AND status NOT IN ('minting', 'minted'))
    ) NOT VALID;

CREATE INDEX referral_rewards_without_wallet ON referral_rewards (ref_code) WHERE referrer_wallet = '';
