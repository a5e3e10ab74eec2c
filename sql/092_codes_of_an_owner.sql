-- transactional: false
-- The codes of a person in the order in which pages show them, without reading those of everyone.

DROP INDEX CONCURRENTLY IF EXISTS refcodes_owner;
CREATE INDEX CONCURRENTLY refcodes_owner ON refcodes (owner_user_id, created_at, code);
