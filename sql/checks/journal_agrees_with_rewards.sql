-- In the journal a referrer is owed the rewards that are not minted and owes the debits that are not netted; minted
-- tokens are the minted rewards.
WITH rows AS (
    SELECT 'reward_payable:' || referrer_user_id AS account, sum(reward_amount_wei) AS expected
    FROM referral_rewards WHERE status NOT IN ('minted', 'rejected') GROUP BY referrer_user_id
    UNION ALL SELECT 'tokens_minted', sum(reward_amount_wei) FROM referral_rewards WHERE status = 'minted'
    UNION ALL SELECT 'reward_debit:' || referrer_user_id, sum(netted_wei - amount_wei)
    FROM reward_debits GROUP BY referrer_user_id
)
SELECT coalesce(b.account, r.account) AS account, b.balance AS journal_wei, r.expected AS expected_wei
FROM (SELECT * FROM journal_balances WHERE currency = 'TOKEN' AND account <> 'reward_expense') b
FULL JOIN rows r ON r.account = b.account
WHERE coalesce(b.balance, 0) <> coalesce(r.expected, 0)
