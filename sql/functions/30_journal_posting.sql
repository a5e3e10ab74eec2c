-- How triggers post to the double-entry journal, and the balance of every account. See docs/rules/journal.md.

-- Post the difference between the lines of a row before and after a change. A line whose amount went down is posted in
-- the opposite direction, with the kind <kind>_reversed.
CREATE OR REPLACE FUNCTION post_transfers(
    from_source text, from_id bigint, reference text, in_currency text, before journal_line[], after journal_line[]
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO journal_transfers
        (kind, order_reference, currency, debit_account, credit_account, amount, source, source_id)
    SELECT CASE WHEN amount > 0 THEN kind ELSE kind || '_reversed' END, reference, in_currency,
        CASE WHEN amount > 0 THEN debit_account ELSE credit_account END,
        CASE WHEN amount > 0 THEN credit_account ELSE debit_account END,
        abs(amount), from_source, from_id
    FROM (
        SELECT kind, debit_account, credit_account, sum(step * amount) AS amount, min(place) AS place
        FROM (
            SELECT *, 1 AS step FROM unnest(after) WITH ORDINALITY AS a (kind, debit_account, credit_account, amount, place)
            UNION ALL
            SELECT *, -1 FROM unnest(before) WITH ORDINALITY AS b (kind, debit_account, credit_account, amount, place)
        ) AS lines
        GROUP BY kind, debit_account, credit_account
    ) AS changes
    WHERE amount <> 0
    ORDER BY place, kind
$$;

-- Each statement that posts transfers records the change of every account it touched as rows of its own, so that no
-- writer waits for the balance of a busy account. A job folds journal_balance_deltas into journal_account_balances.
CREATE OR REPLACE FUNCTION note_journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO journal_balance_deltas (account, currency, amount)
    SELECT account, currency, sum(amount)
    FROM (SELECT credit_account AS account, currency, amount FROM new_rows
          UNION ALL SELECT debit_account, currency, -amount FROM new_rows) AS sides
    GROUP BY 1, 2;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER journal_transfers_note_insert AFTER INSERT ON journal_transfers
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_journal_balances();

-- Start from the transfers that are older than the trigger. Creating it has locked the table against new ones.
INSERT INTO journal_account_balances (account, currency, balance)
SELECT account, currency, sum(amount)
FROM (SELECT credit_account AS account, currency, amount FROM journal_transfers
      UNION ALL SELECT debit_account, currency, -amount FROM journal_transfers) AS sides
WHERE NOT EXISTS (SELECT FROM journal_account_balances) AND NOT EXISTS (SELECT FROM journal_balance_deltas)
GROUP BY 1, 2;

-- The balance of every account: credits less debits, so that what is owed is positive.
CREATE OR REPLACE VIEW journal_balances AS
SELECT account, currency, sum(amount) AS balance
FROM (
    SELECT account, currency, balance AS amount FROM journal_account_balances
    UNION ALL SELECT account, currency, amount FROM journal_balance_deltas
) AS parts
GROUP BY account, currency;
