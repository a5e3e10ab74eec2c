-- A completed order of 0.00 no longer counts as a paid order of its code. The function changes here too, in one
-- transaction with the correction, so that no order is counted by the one and corrected by the other.

SET LOCAL lock_timeout = '15s';

LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE;

CREATE OR REPLACE FUNCTION note_code_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO code_order_deltas (code, orders, paid, refunded)
        SELECT referral_code, count(*), count(paid_at) FILTER (WHERE total_minor > 0 OR paid_minor > 0),
            count(*) FILTER (WHERE status = 'refunded')
        FROM new_rows WHERE referral_code IS NOT NULL GROUP BY 1;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO code_order_deltas (code, orders, paid, refunded)
        SELECT referral_code, -count(*), -count(paid_at) FILTER (WHERE total_minor > 0 OR paid_minor > 0),
            -count(*) FILTER (WHERE status = 'refunded')
        FROM old_rows WHERE referral_code IS NOT NULL GROUP BY 1;
    ELSE
        INSERT INTO code_order_deltas (code, orders, paid, refunded)
        SELECT code, sum(step), sum(step * is_paid::int), sum(step * is_refunded::int)
        FROM (SELECT referral_code AS code, 1 AS step, status = 'refunded' AS is_refunded,
                  paid_at IS NOT NULL AND (total_minor > 0 OR paid_minor > 0) AS is_paid FROM new_rows
              UNION ALL
              SELECT referral_code, -1, status = 'refunded',
                  paid_at IS NOT NULL AND (total_minor > 0 OR paid_minor > 0) FROM old_rows) AS changed
        WHERE code IS NOT NULL GROUP BY 1
        HAVING sum(step) <> 0 OR sum(step * is_paid::int) <> 0 OR sum(step * is_refunded::int) <> 0;
    END IF;
    RETURN NULL;
END
$$;

INSERT INTO code_order_deltas (code, orders, paid, refunded)
SELECT referral_code, 0, -count(*), 0 FROM orders
WHERE referral_code IS NOT NULL AND paid_at IS NOT NULL AND total_minor = 0 AND paid_minor = 0
GROUP BY 1;
