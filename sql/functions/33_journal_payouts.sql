-- Payouts: a completed payout settles what the vendor is owed, keeps the reserve and sends the rest. A payout that is
-- reopened posts the same lines in the opposite direction. See docs/rules/journal.md and docs/rules/payouts.md.

CREATE OR REPLACE FUNCTION post_payout(p payouts, is_back boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    payout_account text := 'payout:' || p.id;
    payable text := 'vendor_payable:' || p.vendor_id;
    reserve text := 'vendor_reserve:' || p.vendor_id;
    item record;
    lines journal_line[];
BEGIN
    FOR item IN
        SELECT s.order_reference, sum(i.net_minor) AS net FROM payout_items i JOIN settlements s ON s.id = i.settlement_id
        WHERE i.payout_id = p.id GROUP BY s.order_reference ORDER BY min(s.id)
    LOOP
        lines := ARRAY[ROW('payout_settled', payable, payout_account, item.net)::journal_line];
        PERFORM post_transfers('payout', p.id, item.order_reference, p.currency,
            CASE WHEN is_back THEN lines END, CASE WHEN NOT is_back THEN lines END);
    END LOOP;
    lines := ARRAY[
        ROW('reserve_released', reserve, payout_account, p.released_minor),
        ROW('reserve_kept', payout_account, reserve, p.reserve_minor),
        ROW('payout_sent', payout_account, 'vendors_paid', p.amount_minor)
    ]::journal_line[];
    PERFORM post_transfers('payout', p.id, NULL, p.currency,
        CASE WHEN is_back THEN lines END, CASE WHEN NOT is_back THEN lines END);
END
$$;

CREATE OR REPLACE FUNCTION journal_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status = 'completed') <> (NEW.status = 'completed') THEN
        PERFORM post_payout(NEW, OLD.status = 'completed');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER payouts_journal AFTER UPDATE OF status ON payouts FOR EACH ROW EXECUTE FUNCTION journal_payout();
