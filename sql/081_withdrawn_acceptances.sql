-- What a stranger accepted before the owner of the mailbox proved it does not bind the owner, who accepts again.

SET LOCAL lock_timeout = '15s';

ALTER TABLE terms_acceptances ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN terms_acceptances.withdrawn_at IS 'The first proof of the mailbox came after it';
ALTER TABLE terms_acceptances DROP CONSTRAINT terms_acceptances_user_id_terms_id_key;
CREATE UNIQUE INDEX terms_acceptances_valid ON terms_acceptances (user_id, terms_id) WHERE withdrawn_at IS NULL;
