-- Ways of paying are known to the application's registry; a new one needs no migration.

ALTER TABLE payment_transactions DROP CONSTRAINT IF EXISTS payment_transactions_processor_check;
ALTER TABLE payment_transactions DROP CONSTRAINT IF EXISTS payment_transactions_check;

-- An attempt the buyer left for another way of paying is still checked with its provider.
CREATE INDEX payment_transactions_superseded ON payment_transactions (created_at)
    WHERE failure_reason = 'superseded';
