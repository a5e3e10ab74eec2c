-- Settlements: what a sale owes the vendor, the platform, the referral and other recipients. Only columns are read; the
-- texts in metadata are for display. See docs/rules/journal.md and docs/rules/settlements.md.

CREATE OR REPLACE FUNCTION settlement_lines(s settlements) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(ROW(kind, 'clearing', account, amount)::journal_line ORDER BY place, account)
    FROM (
        VALUES
            (1, 'vendor_payable', 'vendor_payable:' || s.vendor_id, s.net_payout_minor::numeric),
            (2, 'platform_commission', 'platform_commission', s.platform_commission_minor),
            (3, 'referral_commission', 'referral_commission', s.referral_commission_minor)
        UNION ALL
        SELECT 4, 'custom_split', 'split_payable:' || recipient, amount_minor::numeric
        FROM jsonb_each_text(s.split_commissions) AS split (recipient, amount_minor)
    ) AS parts (place, kind, account, amount)
    WHERE s.status <> 'cancelled'
$$;

-- A row that is inserted as completed was paid before it was imported.
CREATE OR REPLACE FUNCTION paid_before_lines(s settlements) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[ROW('paid_before', 'vendor_payable:' || s.vendor_id, 'vendors_paid', s.net_payout_minor)::journal_line]
    WHERE s.status = 'completed'
$$;

CREATE OR REPLACE FUNCTION journal_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM post_transfers('settlement', NEW.id, NEW.order_reference, NEW.currency,
            NULL, settlement_lines(NEW) || paid_before_lines(NEW));
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM post_transfers('settlement', NEW.id, NEW.order_reference, NEW.currency,
            settlement_lines(OLD), settlement_lines(NEW));
    ELSE
        PERFORM post_transfers('settlement', OLD.id, OLD.order_reference, OLD.currency,
            settlement_lines(OLD) || paid_before_lines(OLD), NULL);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER settlements_journal AFTER INSERT OR DELETE OR UPDATE OF status, net_payout_minor, commission_minor,
    platform_commission_minor, referral_commission_minor, split_commissions
    ON settlements FOR EACH ROW EXECUTE FUNCTION journal_settlement();

-- Minor units of a decimal text in major units, NULL for any other text. Only checks read display texts. Currencies
-- without minor units: portal.lib.money.MINOR_UNITS.
CREATE OR REPLACE FUNCTION minor_units(major text, of_currency text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN major ~ '^-?[0-9]+(\.[0-9]+)?$'
        THEN round(major::numeric * CASE of_currency WHEN 'JPY' THEN 1 ELSE 100 END) END
$$;
