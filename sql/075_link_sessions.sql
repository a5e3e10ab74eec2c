-- A new e-mail is confirmed in the session that asked for it.

SET LOCAL lock_timeout = '15s';

ALTER TABLE account_links ADD COLUMN session_id bigint;
COMMENT ON COLUMN account_links.session_id IS 'The session that asked for a new e-mail; null: any session of the account';

-- The payments of one person: their export, and what prevents their erasure.
CREATE INDEX payment_transactions_user ON payment_transactions (user_id) WHERE user_id IS NOT NULL;
