-- A buyer can be known by several keys: the store's id beside the e-mail address, or an address that a later report adds.

SET LOCAL lock_timeout = '15s';

CREATE TABLE order_customers (
    customer_id bigint NOT NULL REFERENCES customers (id),
    order_id text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    PRIMARY KEY (customer_id, order_id)
);
COMMENT ON TABLE order_customers IS 'Whose order it is besides orders.customer_id: any of them makes a later order not the first';
CREATE INDEX order_customers_order ON order_customers (order_id);
