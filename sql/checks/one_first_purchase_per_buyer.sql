-- At most one paid order per buyer is attributed: the first.
SELECT buyer_user_id, count(*) AS attributed
FROM orders
WHERE paid_at IS NOT NULL AND referral_code IS NOT NULL
GROUP BY buyer_user_id
HAVING count(*) > 1
