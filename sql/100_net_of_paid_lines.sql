-- What refunds name of a line is before tax. Stores change lines after the payment, so the amount is frozen with the line.

SET LOCAL lock_timeout = '15s';

ALTER TABLE order_items
    ADD COLUMN net_minor bigint;
COMMENT ON COLUMN order_items.net_minor IS 'Before tax, of a line that a store reported; null in the built-in shop and in rows of earlier releases';
