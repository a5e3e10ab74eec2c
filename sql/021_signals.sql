-- Traces that show an admin when a referrer and a buyer may be one person. No address, device or e-mail is stored here,
-- only keyed hashes, and those for thirty days at most (docs/privacy.md).

-- One salt a period. Deleting it takes its hashes along, and what was hashed with it can never be compared again.
CREATE TABLE signal_salts (
    period integer PRIMARY KEY,
    salt bytea NOT NULL CHECK (octet_length(salt) = 32)
);

-- No time of sighting: which period a hash belongs to is all that is needed.
CREATE TABLE access_signals (
    period integer NOT NULL REFERENCES signal_salts (period) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('address', 'device')),
    hash bytea NOT NULL CHECK (octet_length(hash) = 16),
    user_id bigint NOT NULL REFERENCES users (id),
    PRIMARY KEY (period, kind, hash, user_id)
);

-- The conclusion, without what it came from: a buyer was seen where the buyer's referrer was seen.
CREATE TABLE shared_signals (
    referrer_user_id bigint NOT NULL REFERENCES users (id),
    referee_user_id bigint NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN ('address', 'device')),
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (referee_user_id, referrer_user_id, kind),
    CHECK (referee_user_id <> referrer_user_id)
);

-- How many accounts came with one code within an hour.
CREATE INDEX users_referred ON users (referred_by_code, referred_at) WHERE referred_by_code IS NOT NULL;

-- How many hints a waiting reward had when a job last counted them: what the queue's filter asks. A reward that was not
-- counted yet is neither with hints nor without.
CREATE TABLE reward_hint_counts (
    reward_id bigint PRIMARY KEY REFERENCES referral_rewards (id) ON DELETE CASCADE,
    hints smallint NOT NULL CHECK (hints >= 0),
    counted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reward_hint_counts_some ON reward_hint_counts (reward_id) WHERE hints > 0;
