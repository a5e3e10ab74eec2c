-- Each statement that changes settlements records its difference as rows of its own, so that no writer waits for a shared
-- counter. A job folds settlement_total_deltas into settlement_totals. See docs/rules/settlements.md.

-- The hour (UTC) from whose end on a pending sale is due in any case. Refunds, what stores collected and what is not
-- pending have the epoch, and so have, once folded, the hours that are over.
CREATE OR REPLACE FUNCTION settlement_due_hour(status text, kind text, collected_by text, scheduled_for timestamptz)
    RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status = 'pending' AND kind = 'sale' AND collected_by = 'platform'
        THEN date_trunc('hour', scheduled_for, 'UTC') ELSE 'epoch' END
$$;

-- Why a held settlement is held, as a key.
CREATE OR REPLACE FUNCTION settlement_hold(status text, failure_reason text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status = 'held' THEN left(coalesce(failure_reason, ''), 500) ELSE '' END
$$;

CREATE OR REPLACE FUNCTION note_settlement_totals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO settlement_total_deltas
            (vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum)
        SELECT vendor_id, currency, collected_by, status, settlement_due_hour(status, kind, collected_by, scheduled_for),
            settlement_hold(status, failure_reason),
            count(*), sum(net_payout_minor), sum(commission_minor)
        FROM new_rows GROUP BY 1, 2, 3, 4, 5, 6;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO settlement_total_deltas
            (vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum)
        SELECT vendor_id, currency, collected_by, status, settlement_due_hour(status, kind, collected_by, scheduled_for),
            settlement_hold(status, failure_reason),
            -count(*), -sum(net_payout_minor), -sum(commission_minor)
        FROM old_rows GROUP BY 1, 2, 3, 4, 5, 6;
    ELSE
        INSERT INTO settlement_total_deltas
            (vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum)
        SELECT vendor_id, currency, collected_by, status, settlement_due_hour(status, kind, collected_by, scheduled_for),
            settlement_hold(status, failure_reason),
            sum(step), sum(step * net_payout_minor), sum(step * commission_minor)
        FROM (SELECT vendor_id, currency, collected_by, status, kind, scheduled_for, failure_reason, net_payout_minor,
                  commission_minor, 1 AS step FROM new_rows
              UNION ALL
              SELECT vendor_id, currency, collected_by, status, kind, scheduled_for, failure_reason, net_payout_minor,
                  commission_minor, -1 FROM old_rows) AS changed
        GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(step) <> 0 OR sum(step * net_payout_minor) <> 0 OR sum(step * commission_minor) <> 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER settlements_note_insert AFTER INSERT ON settlements
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_settlement_totals();
CREATE OR REPLACE TRIGGER settlements_note_update AFTER UPDATE ON settlements
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_settlement_totals();
CREATE OR REPLACE TRIGGER settlements_note_delete AFTER DELETE ON settlements
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_settlement_totals();
