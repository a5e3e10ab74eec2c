-- Signals that a referrer and a buyer may be the same person. No address, device or e-mail is stored here, only keyed
-- hashes, for at most thirty days (docs/privacy.md).

-- One salt per period. Deleting it deletes its hashes, and values hashed with it can no longer be compared.
CREATE TABLE signal_salts (
    period integer PRIMARY KEY,
    salt bytea NOT NULL CHECK (octet_length(salt) = 32)
);

-- The time is not stored: only the period of a hash is needed.
CREATE TABLE access_signals (
    period integer NOT NULL REFERENCES signal_salts (period) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('address', 'device')),
    hash bytea NOT NULL CHECK (octet_length(hash) = 16),
    user_id bigint NOT NULL REFERENCES users (id),
    PRIMARY KEY (period, kind, hash, user_id)
);

-- The result without its evidence: a buyer and the buyer's referrer had a signal in common.
CREATE TABLE shared_signals (
    referrer_user_id bigint NOT NULL REFERENCES users (id),
    referee_user_id bigint NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN ('address', 'device')),
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (referee_user_id, referrer_user_id, kind),
    CHECK (referee_user_id <> referrer_user_id)
);

-- The number of accounts that signed up with one code within an hour.
CREATE INDEX users_referred ON users (referred_by_code, referred_at) WHERE referred_by_code IS NOT NULL;

-- The number of hints of a pending reward when a job last counted them, for the filter of the queue. A reward that was
-- not counted yet matches neither value of the filter.
CREATE TABLE reward_hint_counts (
    reward_id bigint PRIMARY KEY REFERENCES referral_rewards (id) ON DELETE CASCADE,
    hints smallint NOT NULL CHECK (hints >= 0),
    counted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reward_hint_counts_some ON reward_hint_counts (reward_id) WHERE hints > 0;
