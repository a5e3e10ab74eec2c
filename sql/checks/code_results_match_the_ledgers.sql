-- The maintained results of each code and label, with the changes not folded yet, equal its orders and rewards.
WITH maintained AS (
    SELECT code, label, sum(order_count) AS orders, sum(paid_count) AS paid, sum(earned_wei) AS earned_wei,
        sum(minted_wei) AS minted_wei
    FROM (SELECT code, label, order_count, paid_count, earned_wei, minted_wei FROM code_results
          UNION ALL SELECT code, label, order_count, paid_count, earned_wei, minted_wei FROM code_result_deltas) AS parts
    GROUP BY 1, 2
), counted AS (
    SELECT code, label, sum(orders) AS orders, sum(paid) AS paid, sum(earned_wei) AS earned_wei, sum(minted_wei) AS minted_wei
    FROM (SELECT referral_code AS code, coalesce(link_label, '') AS label, 1 AS orders,
              (paid_at IS NOT NULL AND (total_minor > 0 OR paid_minor > 0))::int AS paid, 0 AS earned_wei, 0 AS minted_wei
          FROM orders WHERE referral_code IS NOT NULL
          UNION ALL
          SELECT r.ref_code, coalesce(o.link_label, ''), 0, 0,
              CASE WHEN r.status NOT IN ('rejected', 'failed') THEN coalesce(r.reward_amount_wei, 0) ELSE 0 END,
              CASE WHEN r.status = 'minted' THEN coalesce(r.reward_amount_wei, 0) ELSE 0 END
          FROM referral_rewards r LEFT JOIN orders o ON o.id = r.order_id) AS rows
    GROUP BY 1, 2
)
SELECT code, label, m.orders AS maintained, c.orders AS counted
FROM maintained m FULL JOIN counted c USING (code, label)
WHERE (coalesce(m.orders, 0), coalesce(m.paid, 0), coalesce(m.earned_wei, 0), coalesce(m.minted_wei, 0))
    <> (coalesce(c.orders, 0), coalesce(c.paid, 0), coalesce(c.earned_wei, 0), coalesce(c.minted_wei, 0))
