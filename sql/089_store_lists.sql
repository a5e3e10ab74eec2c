-- transactional: false
-- What the list of stores shows of each, without reading all its events and orders.

DROP INDEX CONCURRENTLY IF EXISTS store_events_refused;
CREATE INDEX CONCURRENTLY store_events_refused ON store_events (store_id, id) WHERE NOT verified;
DROP INDEX CONCURRENTLY IF EXISTS store_orders_newest;
CREATE INDEX CONCURRENTLY store_orders_newest ON store_orders (store_id, updated_at DESC, order_id);
