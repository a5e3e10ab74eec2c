-- Accounts that were disabled or erased, vendors that are off sale, and indexes that make each filter of the event log fast.

SET LOCAL lock_timeout = '15s';

ALTER TABLE users
    ADD COLUMN disabled_at timestamptz,
    ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN users.disabled_at IS 'While set, nobody can sign in to the account and its codes attribute nothing';
COMMENT ON COLUMN users.erased_at IS 'When personal data was erased; null: never';

ALTER TABLE vendors ADD COLUMN active boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN vendors.active IS 'While false, nothing of the vendor is sold; what is owed to it is still paid';

-- One per filter of /admin/events, in the order of the page. Entity with id, and order reference, have theirs.
CREATE INDEX event_log_at ON event_log (at, id);
CREATE INDEX event_log_actor ON event_log (actor, at, id);
CREATE INDEX event_log_event ON event_log (event, at, id);
CREATE INDEX event_log_entity_at ON event_log (entity, at, id);
