-- The date of an order is when it was placed at the store, not when its report arrived. A time in the future counts as
-- the arrival.

SET LOCAL lock_timeout = '15s';

UPDATE orders o SET created_at = (s.snapshot ->> 'createdAt')::timestamptz
FROM store_orders s
WHERE s.order_id = o.id AND (s.snapshot ->> 'createdAt')::timestamptz < o.created_at;
