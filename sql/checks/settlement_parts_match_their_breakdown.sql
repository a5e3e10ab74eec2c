-- The displayed breakdown of a commission equals its columns. The journal reads the columns only.
WITH splits AS (
    SELECT s.id, jsonb_object_agg(recipient, amount) AS amounts
    FROM settlements s
    CROSS JOIN LATERAL (
        SELECT split ->> 'recipientId' AS recipient, sum(minor_units(split ->> 'amount', s.currency)) AS amount
        FROM jsonb_array_elements(CASE jsonb_typeof(s.metadata #> '{commissionBreakdown,customSplits}')
            WHEN 'array' THEN s.metadata #> '{commissionBreakdown,customSplits}' ELSE '[]' END) AS split
        WHERE split ->> 'recipientId' IS NOT NULL
        GROUP BY 1
    ) AS parts
    GROUP BY s.id
)
SELECT s.id, s.order_reference, s.metadata -> 'commissionBreakdown' AS breakdown,
    s.platform_commission_minor, s.referral_commission_minor, s.split_commissions
FROM settlements s
LEFT JOIN splits p ON p.id = s.id
WHERE minor_units(s.metadata #>> '{commissionBreakdown,platformCommission}', s.currency)
        IS DISTINCT FROM s.platform_commission_minor
   OR minor_units(s.metadata #>> '{commissionBreakdown,referralCommission}', s.currency)
        IS DISTINCT FROM s.referral_commission_minor
   OR minor_units(s.metadata #>> '{commissionBreakdown,totalCommission}', s.currency)
        IS DISTINCT FROM s.commission_minor
   OR coalesce(p.amounts, '{}') <> s.split_commissions
