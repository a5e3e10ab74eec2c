-- A transaction of an earlier operator that can never be mined any more is abandoned by an operator's command. A revert
-- that the contract's state caused, such as a pause, is not counted against the rewards of the transaction.

SET LOCAL lock_timeout = '15s';

ALTER TABLE chain_transactions
    ADD COLUMN outside_cause text,
    DROP CONSTRAINT chain_transactions_status_check,
    ADD CONSTRAINT chain_transactions_status_check
    CHECK (status IN ('open', 'succeeded', 'reverted', 'superseded', 'abandoned'));
