-- Of the paid orders of one customer of a store at most one is attributed: the first. Orders of 0.00 do not count.
SELECT store_id, customer_id, count(*) AS attributed
FROM orders
WHERE paid_at IS NOT NULL AND referral_code IS NOT NULL AND (total_minor > 0 OR paid_minor > 0)
GROUP BY store_id, customer_id
HAVING count(*) > 1
