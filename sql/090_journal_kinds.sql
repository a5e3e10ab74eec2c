-- The trial balance reads one row per kind of account and currency. Buyers, referrers and payouts have an account each, so
-- adding up all accounts takes longer with every payout. `sql/functions/35_journal_kinds.sql` fills and maintains it.

SET LOCAL lock_timeout = '15s';

CREATE TABLE journal_kind_balances (
    -- The part of the account's name before the colon.
    kind text NOT NULL,
    currency text NOT NULL,
    accounts bigint NOT NULL,
    balance numeric(78, 0) NOT NULL,
    PRIMARY KEY (kind, currency)
);
