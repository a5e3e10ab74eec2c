-- Manual credit, decisions about unmatched callbacks, and months of membership.

-- The key of the form that topped up the credit: a repeated form adds nothing.
ALTER TABLE credit_entries
    ADD COLUMN request_id text UNIQUE CHECK (char_length(request_id) BETWEEN 1 AND 64);

-- An unmatched callback that an admin closed keeps its outcome; the admin, time and reason are recorded.
ALTER TABLE payment_events
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN closed_by bigint REFERENCES users (id),
    ADD COLUMN note text CHECK (char_length(note) BETWEEN 1 AND 500),
    ADD CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (note IS NULL)),
    ADD CHECK (closed_at IS NULL OR outcome = 'unmatched');
DROP INDEX payment_events_attention;
CREATE INDEX payment_events_outcome ON payment_events (outcome, id);
CREATE INDEX payment_events_open ON payment_events (id) WHERE outcome = 'unmatched' AND closed_at IS NULL;
-- Anyone on the internet can create these rows; a job limits their number.
CREATE INDEX payment_events_forged ON payment_events (received_at) WHERE outcome = 'refused' AND NOT authentic;

-- One row per paid month. A higher tier runs first and moves lower ones behind it, so no paid day is lost;
-- users.membership_tier and membership_until describe the active month at the last change.
CREATE TABLE membership_months (
    order_reference text PRIMARY KEY REFERENCES payment_transactions (order_reference),
    user_id bigint NOT NULL REFERENCES users (id),
    tier text NOT NULL CHECK (tier IN ('MEMBER', 'CONFIDENTIAL')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX membership_months_user ON membership_months (user_id, ends_at);

INSERT INTO membership_months (order_reference, user_id, tier, starts_at, ends_at)
SELECT DISTINCT ON (u.id) p.order_reference, u.id, u.membership_tier, least(p.paid_at, u.membership_until - interval '1 hour'),
    u.membership_until
FROM users u JOIN payment_transactions p ON p.user_id = u.id AND p.purpose = 'membership_upgrade' AND p.status = 'paid'
    AND p.detail ->> 'tier' = u.membership_tier
WHERE u.membership_until > now() AND u.membership_tier <> 'SUBSCRIBER'
ORDER BY u.id, p.paid_at DESC;
