-- No two rewards claim the same reference on chain; a minted one names its transaction.
SELECT order_reference, count(*) AS rewards
FROM referral_rewards
GROUP BY order_reference
HAVING count(*) > 1 OR bool_or(status = 'minted' AND tx_hash IS NULL)
