-- Rows that may never change, and columns that are written once.

-- Erasing personal data may change the texts of a row, and nothing else; and sign-ins to e-mails without an account are
-- deleted when their time is over: docs/privacy.md.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('portal.erasing', true) = 'on'
        AND to_jsonb(NEW) - 'reason' - 'data' = to_jsonb(OLD) - 'reason' - 'data'
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_setting('portal.erasing', true) = 'on'
        AND to_jsonb(OLD) ->> 'entity' = 'unknown_account'
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE OR REPLACE TRIGGER event_log_append_only BEFORE UPDATE OR DELETE ON event_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER credit_entries_append_only BEFORE UPDATE OR DELETE ON credit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER journal_transfers_append_only BEFORE UPDATE OR DELETE ON journal_transfers
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE FUNCTION keep_first_referrer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'users.referred_by is written once' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- Anyone can register the e-mail of another person, with a code of their own. So the statement that confirms the first
-- e-mail of an account may replace its referrer; afterwards the referrer stays.
CREATE OR REPLACE TRIGGER users_keep_first_referrer BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.referred_by_code IS NOT NULL AND (
        NEW.referred_by_code IS DISTINCT FROM OLD.referred_by_code
        OR NEW.referred_by_user_id IS DISTINCT FROM OLD.referred_by_user_id
        OR NEW.referred_by_wallet IS DISTINCT FROM OLD.referred_by_wallet)
        AND NOT (OLD.email IS NOT NULL AND OLD.email_confirmed_at IS NULL AND NEW.email_confirmed_at IS NOT NULL))
    EXECUTE FUNCTION keep_first_referrer();
