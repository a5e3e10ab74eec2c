-- transactional: false
-- The reports of a store that were refused, which a new release asks for again, without reading all of its events.

DROP INDEX CONCURRENTLY IF EXISTS store_events_unread;
CREATE INDEX CONCURRENTLY store_events_unread ON store_events (store_id, id) WHERE outcome = 'refused';
