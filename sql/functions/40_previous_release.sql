-- Fills columns that processes of the previous release do not write while they run beside the migrated database.

CREATE OR REPLACE FUNCTION fill_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.customer_id IS NULL AND NEW.store_id = 1 THEN
        INSERT INTO customers (store_id, user_id, key) VALUES (1, NEW.buyer_user_id, 'user:' || NEW.buyer_user_id)
        ON CONFLICT (store_id, key) DO NOTHING;
        SELECT id INTO NEW.customer_id FROM customers WHERE store_id = 1 AND key = 'user:' || NEW.buyer_user_id;
    END IF;
    IF NEW.paid_at IS NOT NULL AND NEW.store_id = 1 AND NEW.paid_minor = 0 THEN
        NEW.paid_minor := NEW.total_minor;
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER orders_fill BEFORE INSERT OR UPDATE OF paid_at ON orders FOR EACH ROW EXECUTE FUNCTION fill_order();

CREATE OR REPLACE FUNCTION fill_order_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT slug INTO NEW.sku FROM products WHERE id = NEW.product_id;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER order_items_fill BEFORE INSERT ON order_items
    FOR EACH ROW WHEN (NEW.sku IS NULL) EXECUTE FUNCTION fill_order_item();
