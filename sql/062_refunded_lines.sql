-- Refunds of connected stores name the lines they take back, so that each vendor's settlement shrinks by its own lines.

SET LOCAL lock_timeout = '15s';

ALTER TABLE order_items
    ADD COLUMN external_id text,
    ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_items_refunded_minor CHECK (refunded_minor BETWEEN 0 AND subtotal_minor);
COMMENT ON COLUMN order_items.external_id IS 'What the store calls the line';
COMMENT ON COLUMN order_items.refunded_minor IS
    'How much of the line the store''s refunds named; the rest of orders.refunded_minor is shared by all lines';
