-- transactional: false
-- Finds the admins to notify of a back-order or an alert without reading all accounts.

DROP INDEX CONCURRENTLY IF EXISTS users_admins;
CREATE INDEX CONCURRENTLY users_admins ON users (id) WHERE role = 'admin' AND disabled_at IS NULL;
