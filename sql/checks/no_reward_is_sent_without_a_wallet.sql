-- A reward without a wallet is neither sent nor about to be, and its code came from a store.
SELECT r.id, r.order_reference, r.status, r.ref_code
FROM referral_rewards r LEFT JOIN refcodes c ON c.code = r.ref_code
WHERE r.referrer_wallet = ''
    AND (r.status IN ('minting', 'minted') OR r.delivered_wei > 0 OR c.store_referrer_id IS NULL)
