-- The buyer's account is the order's customer, and an order of the built-in shop always has one.
SELECT o.id, o.store_id, o.buyer_user_id, c.user_id
FROM orders o
JOIN customers c ON c.id = o.customer_id
WHERE (o.buyer_user_id IS NOT NULL OR o.store_id = 1) AND o.buyer_user_id IS DISTINCT FROM c.user_id
    OR (o.store_id = 1 AND o.buyer_user_id IS NULL)
