-- transactional: false
-- Who is told about a back-order or an alert is found without reading all accounts.

DROP INDEX CONCURRENTLY IF EXISTS users_admins;
CREATE INDEX CONCURRENTLY users_admins ON users (id) WHERE role = 'admin' AND disabled_at IS NULL;
