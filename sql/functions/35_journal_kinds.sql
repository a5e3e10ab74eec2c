-- The number and the sum of the balances of each kind of account. Only the job that folds balances writes
-- journal_account_balances, so its triggers can change shared rows. See docs/rules/journal.md.

CREATE OR REPLACE FUNCTION note_journal_kinds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO journal_kind_balances AS k (kind, currency, accounts, balance)
        SELECT split_part(account, ':', 1), currency, count(*), sum(balance) FROM new_rows GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (kind, currency) DO UPDATE
            SET accounts = k.accounts + excluded.accounts, balance = k.balance + excluded.balance;
    ELSE
        INSERT INTO journal_kind_balances AS k (kind, currency, accounts, balance)
        SELECT split_part(account, ':', 1), currency, 0, sum(balance)
        FROM (SELECT account, currency, balance FROM new_rows
              UNION ALL SELECT account, currency, -balance FROM old_rows) AS changed
        GROUP BY 1, 2 HAVING sum(balance) <> 0 ORDER BY 1, 2
        ON CONFLICT (kind, currency) DO UPDATE SET balance = k.balance + excluded.balance;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER journal_account_balances_note_insert AFTER INSERT ON journal_account_balances
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_journal_kinds();
CREATE OR REPLACE TRIGGER journal_account_balances_note_update AFTER UPDATE ON journal_account_balances
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_journal_kinds();

-- Start from the balances that are older than the triggers. Creating them has locked the table against new ones.
INSERT INTO journal_kind_balances (kind, currency, accounts, balance)
SELECT split_part(account, ':', 1), currency, count(*), sum(balance) FROM journal_account_balances
WHERE NOT EXISTS (SELECT FROM journal_kind_balances)
GROUP BY 1, 2;
