-- Where a vendor delivers to: apart from the order, so that it can be erased while the order stays.

SET LOCAL lock_timeout = '15s';

CREATE TABLE order_deliveries (
    order_id text PRIMARY KEY REFERENCES orders (id),
    vendor_ids bigint[] NOT NULL CHECK (cardinality(vendor_ids) > 0),
    name text,
    phone text,
    address text,
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    CONSTRAINT order_deliveries_complete_or_erased CHECK (
        CASE WHEN erased_at IS NULL
            THEN name IS NOT NULL AND phone IS NOT NULL AND address IS NOT NULL
            ELSE name IS NULL AND phone IS NULL AND address IS NULL
        END
    )
);
COMMENT ON TABLE order_deliveries IS 'Who receives the delivered lines of an order; erased some days after the order';
COMMENT ON COLUMN order_deliveries.vendor_ids IS 'The vendors of the lines that are delivered: nobody else of the vendors sees the row';
CREATE INDEX order_deliveries_to_erase ON order_deliveries (created_at) WHERE erased_at IS NULL;
