-- Settlements: what a sale owes the vendor, the platform, the referral and other recipients. Only columns are read; the
-- texts in metadata are for display. See docs/rules/journal.md and docs/rules/settlements.md.

-- An order keeps the collector that its store had when it was created, so that a later setting changes no books.
CREATE OR REPLACE FUNCTION fill_collected_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT collected_by INTO NEW.collected_by FROM stores WHERE id = NEW.store_id;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER orders_fill_collected_by BEFORE INSERT ON orders
    FOR EACH ROW WHEN (NEW.store_id <> 1) EXECUTE FUNCTION fill_collected_by();

-- Where the parts of a settlement come from: the payment, the account of the store that it was passed on to, or the
-- vendor, who received the money and owes the commission.
CREATE OR REPLACE FUNCTION settlement_source(s settlements) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN s.collected_by = 'store' THEN 'vendor_receivable:' || s.vendor_id ELSE coalesce(
        (SELECT 'pass_through:' || o.store_id FROM orders o WHERE o.id = s.order_id AND o.store_id <> 1), 'clearing') END
$$;

CREATE OR REPLACE FUNCTION settlement_lines(s settlements) RETURNS journal_line[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(ROW(kind, source, account, amount)::journal_line ORDER BY place, account)
    FROM settlement_source(s) AS source, (
        VALUES
            (1, 'vendor_payable', 'vendor_payable:' || s.vendor_id,
                CASE WHEN s.collected_by = 'store' THEN 0 ELSE s.net_payout_minor::numeric END),
            (2, 'platform_commission', 'platform_commission', s.platform_commission_minor),
            (3, 'referral_commission', 'referral_commission', s.referral_commission_minor)
        UNION ALL
        SELECT 4, 'custom_split', 'split_payable:' || recipient, amount_minor::numeric
        FROM jsonb_each_text(s.split_commissions) AS split (recipient, amount_minor)
    ) AS parts (place, kind, account, amount)
    WHERE s.status <> 'cancelled'
$$;

-- The commission of a settlement is paid with its statement.
CREATE OR REPLACE FUNCTION statement_lines(s settlements) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        ROW('statement_paid', 'commissions_received', 'vendor_receivable:' || s.vendor_id, s.commission_minor)::journal_line]
    WHERE s.status = 'completed' AND s.collected_by = 'store'
$$;

-- A row that is inserted as completed was paid before it was imported.
CREATE OR REPLACE FUNCTION paid_before_lines(s settlements) RETURNS journal_line[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[ROW('paid_before', 'vendor_payable:' || s.vendor_id, 'vendors_paid', s.net_payout_minor)::journal_line]
    WHERE s.status = 'completed' AND s.collected_by = 'platform'
$$;

CREATE OR REPLACE FUNCTION journal_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM post_transfers('settlement', NEW.id, NEW.order_reference, NEW.currency,
            NULL, settlement_lines(NEW) || statement_lines(NEW) || paid_before_lines(NEW));
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM post_transfers('settlement', NEW.id, NEW.order_reference, NEW.currency,
            settlement_lines(OLD) || statement_lines(OLD), settlement_lines(NEW) || statement_lines(NEW));
    ELSE
        PERFORM post_transfers('settlement', OLD.id, OLD.order_reference, OLD.currency,
            settlement_lines(OLD) || statement_lines(OLD) || paid_before_lines(OLD), NULL);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER settlements_journal AFTER INSERT OR DELETE OR UPDATE OF status, net_payout_minor, commission_minor,
    platform_commission_minor, referral_commission_minor, split_commissions
    ON settlements FOR EACH ROW EXECUTE FUNCTION journal_settlement();

-- Minor units of a decimal text in major units, NULL for any other text. Only checks read display texts. Rows of earlier
-- releases may have a currency that is not listed: they were written with two decimals, as portal.lib.money reads them.
CREATE OR REPLACE FUNCTION minor_units(major text, of_currency text) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN major ~ '^-?[0-9]+(\.[0-9]+)?$'
        THEN round(major::numeric * 10::numeric ^ coalesce((SELECT digits FROM currencies WHERE code = of_currency), 2)) END
$$;
