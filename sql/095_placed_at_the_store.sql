-- The date of an order is when it was placed at the store, not when its report arrived. A time in the future counts as
-- the arrival.

SET LOCAL lock_timeout = '15s';

UPDATE orders o SET created_at = (s.snapshot ->> 'createdAt')::timestamptz
FROM store_orders s
WHERE s.order_id = o.id AND (s.snapshot ->> 'createdAt')::timestamptz < o.created_at;

-- Two signing secrets are valid while a store changes to the new one.
ALTER TABLE stores ADD COLUMN previous_signing_secret bytea;
COMMENT ON COLUMN stores.previous_signing_secret IS 'Sealed: still verifies signed requests until it is ended';
