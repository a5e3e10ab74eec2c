-- The parts of a commission as integers of minor units, so that the journal reads columns and never a display text.
-- split_commissions maps each recipient of a custom split to an amount: {"fund": 480}.

ALTER TABLE settlements
    ADD COLUMN platform_commission_minor bigint,
    ADD COLUMN referral_commission_minor bigint,
    ADD COLUMN split_commissions jsonb;

-- The books stay as they are: these are the amounts the journal has read from the breakdown so far. A text that is no
-- number counted as nothing, and what no part explains is the platform's.
WITH splits AS (
    SELECT id, jsonb_object_agg(recipient, amount) AS amounts, sum(amount) AS total
    FROM (
        SELECT s.id, coalesce(split ->> 'recipientId', 'unknown') AS recipient,
            sum(coalesce(minor_units(split ->> 'amount', s.currency), 0)) AS amount
        FROM settlements s, jsonb_array_elements(
            CASE jsonb_typeof(s.metadata #> '{commissionBreakdown,customSplits}')
                WHEN 'array' THEN s.metadata #> '{commissionBreakdown,customSplits}' ELSE '[]' END) AS split
        GROUP BY 1, 2
    ) AS parts
    GROUP BY id
), referral AS (
    SELECT id, coalesce(minor_units(metadata #>> '{commissionBreakdown,referralCommission}', currency), 0) AS amount
    FROM settlements
)
UPDATE settlements s
SET platform_commission_minor = s.commission_minor - r.amount - coalesce(p.total, 0),
    referral_commission_minor = r.amount,
    split_commissions = coalesce(p.amounts, '{}')
FROM referral r LEFT JOIN splits p ON p.id = r.id
WHERE r.id = s.id;

-- A table constraint depends on this function, so it is part of the table and not of sql/functions.
CREATE FUNCTION split_total(amounts jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(sum(amount::numeric), 0) FROM jsonb_each_text(amounts) AS split (recipient, amount)
$$;

ALTER TABLE settlements
    ALTER COLUMN platform_commission_minor SET NOT NULL,
    ALTER COLUMN referral_commission_minor SET NOT NULL,
    ALTER COLUMN split_commissions SET NOT NULL,
    ADD CONSTRAINT settlements_integer_splits CHECK (
        jsonb_typeof(split_commissions) = 'object'
        AND NOT jsonb_path_exists(split_commissions, '$.* ? (@.type() != "number" || @ != @.floor())')),
    ADD CONSTRAINT settlements_parts_add_up CHECK (
        commission_minor
            = platform_commission_minor + referral_commission_minor + split_total(split_commissions));
