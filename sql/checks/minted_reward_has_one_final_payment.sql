-- A reference has at most one reward, and a minted reward has its transaction.
SELECT order_reference, count(*) AS rewards
FROM referral_rewards
GROUP BY order_reference
HAVING count(*) > 1 OR bool_or(status = 'minted' AND tx_hash IS NULL)
