-- A second new secret in a row must not end the one that the store still signs with.

SET LOCAL lock_timeout = '15s';

ALTER TABLE stores
    ADD COLUMN webhook_secret_used boolean NOT NULL DEFAULT true,
    ADD COLUMN signing_secret_used boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN stores.webhook_secret_used IS 'False while the platform still signs with the previous secret';
COMMENT ON COLUMN stores.signing_secret_used IS 'False while the store still signs with the previous secret';
