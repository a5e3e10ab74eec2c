-- Of the paid orders of one customer of a store at most one is attributed: the first.
SELECT store_id, customer_id, count(*) AS attributed
FROM orders
WHERE paid_at IS NOT NULL AND referral_code IS NOT NULL
GROUP BY store_id, customer_id
HAVING count(*) > 1
