-- People ask for the erasure of their personal data; an admin other than who asked confirms it.

SET LOCAL lock_timeout = '15s';

ALTER TABLE users
    ADD COLUMN erasure_requested_at timestamptz,
    ADD COLUMN erasure_requested_by bigint REFERENCES users (id),
    ADD CONSTRAINT users_erasure_request CHECK ((erasure_requested_at IS NULL) = (erasure_requested_by IS NULL));
COMMENT ON COLUMN users.erasure_requested_at IS 'Since when the erasure of the account waits for an admin; null: it does not';
COMMENT ON COLUMN users.erasure_requested_by IS 'Who asked for it: the person, or an admin to whom they wrote';

-- Two filters of /admin/people; few accounts are in either.
CREATE INDEX users_erasure_requested ON users (id) WHERE erasure_requested_at IS NOT NULL;
CREATE INDEX users_erased ON users (id) WHERE erased_at IS NOT NULL;
