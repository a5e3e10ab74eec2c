-- Versions of the terms, and who accepted them, stay as they were written.

CREATE OR REPLACE TRIGGER programme_terms_append_only BEFORE UPDATE OR DELETE ON programme_terms
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER terms_acceptances_append_only
    BEFORE UPDATE OF id, user_id, terms_id, accepted_at OR DELETE ON terms_acceptances
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
