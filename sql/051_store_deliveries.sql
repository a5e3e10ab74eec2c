-- Refused deliveries of a store are counted by the minute, so that a flood of them is a few rows. A store's API that fails
-- is asked again later, also after a restart.

SET LOCAL lock_timeout = '15s';

CREATE UNIQUE INDEX store_events_refused_deliveries
    ON store_events (store_id, date_trunc('minute', received_at AT TIME ZONE 'UTC'))
    WHERE kind = 'hook.refused';

ALTER TABLE stores
    ADD COLUMN poll_failures integer NOT NULL DEFAULT 0,
    ADD COLUMN next_poll_at timestamptz;
COMMENT ON COLUMN stores.poll_failures IS 'How many rounds in a row the store''s API has failed';
COMMENT ON COLUMN stores.next_poll_at IS 'When an API that failed, or was not read to the end, is asked again; null otherwise';
