-- Recovery codes are stored under the portal's key. A job replaces the plain hashes of earlier versions.

SET LOCAL lock_timeout = '5s';

ALTER TABLE recovery_codes ADD COLUMN is_keyed boolean NOT NULL DEFAULT false;
CREATE INDEX recovery_codes_plain ON recovery_codes (id) WHERE NOT is_keyed;
