-- transactional: false
-- For lookups that read whole ledgers: events of an order by its reference, currencies of settlements, released
-- reserves of one vendor.

DROP INDEX CONCURRENTLY IF EXISTS store_events_reference;
CREATE INDEX CONCURRENTLY store_events_reference ON store_events (order_reference, id) WHERE order_reference IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS settlements_currency;
CREATE INDEX CONCURRENTLY settlements_currency ON settlements (currency);
DROP INDEX CONCURRENTLY IF EXISTS reserve_releases_vendor;
CREATE INDEX CONCURRENTLY reserve_releases_vendor ON reserve_releases (vendor_id, currency);
