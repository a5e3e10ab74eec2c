-- Payments and internal credit. See docs/rules/journal.md.

-- The provider's money goes to clearing; the settlements of the same reference take it from there, and nothing remains.
-- Money of a connected store's order goes on to the account of the store, because it includes tax and shipping, which
-- are no part of the settlements. What the store collected itself is no money of ours.
CREATE OR REPLACE FUNCTION payment_lines(p payment_transactions) RETURNS journal_line[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN p.processor <> 'internal_credit' THEN
            ROW('payment', 'processor:' || p.processor, 'clearing', p.amount_minor)::journal_line END,
        CASE WHEN p.processor <> 'internal_credit' THEN
            ROW('refund', 'clearing', 'processor:' || p.processor, p.refunded_minor)::journal_line END,
        CASE WHEN p.purpose = 'membership_upgrade' THEN
            ROW('membership', 'clearing', 'membership_revenue', p.amount_minor - p.refunded_minor)::journal_line END,
        -- The commission itself is booked with the settlements of the statement: what it received is at the provider now.
        CASE WHEN p.purpose = 'commission_statement' THEN
            ROW('statement_payment', 'clearing', 'commissions_received', p.amount_minor - p.refunded_minor)::journal_line END,
        CASE WHEN o.store_id <> 1 THEN
            ROW('passed_on', 'clearing', 'pass_through:' || o.store_id, p.amount_minor - p.refunded_minor)::journal_line END
    ], NULL)
    FROM (VALUES (1)) AS one_row
    LEFT JOIN orders o ON p.purpose = 'store_order' AND o.id = p.entity_id
    WHERE p.paid_at IS NOT NULL AND o.collected_by IS DISTINCT FROM 'store'
$$;

CREATE OR REPLACE FUNCTION journal_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_transfers('payment', NEW.id, NEW.order_reference, NEW.currency,
        CASE WHEN TG_OP = 'UPDATE' THEN payment_lines(OLD) END, payment_lines(NEW));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER payment_transactions_journal AFTER INSERT OR UPDATE OF paid_at, refunded_minor, amount_minor
    ON payment_transactions FOR EACH ROW EXECUTE FUNCTION journal_payment();

CREATE OR REPLACE FUNCTION credit_entry_lines(e credit_entries) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[CASE
        WHEN e.order_reference IS NULL AND e.amount_minor < 0 THEN
            ROW('credit_given_up', 'credit:' || e.user_id, 'credit_issued', -e.amount_minor)::journal_line
        WHEN e.order_reference IS NULL THEN
            ROW('credit_added', 'credit_issued', 'credit:' || e.user_id, e.amount_minor)::journal_line
        WHEN e.amount_minor < 0 THEN
            ROW('credit_spent', 'credit:' || e.user_id, 'clearing', -e.amount_minor)::journal_line
        ELSE ROW('credit_returned', 'clearing', 'credit:' || e.user_id, e.amount_minor)::journal_line
    END]
$$;

CREATE OR REPLACE FUNCTION journal_credit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_transfers('credit_entry', NEW.id, NEW.order_reference, NEW.currency, NULL, credit_entry_lines(NEW));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER credit_entries_journal AFTER INSERT ON credit_entries
    FOR EACH ROW EXECUTE FUNCTION journal_credit_entry();
