-- Results of codes by the label of the link, and the labels themselves. See docs/rules/codes.md.

CREATE OR REPLACE FUNCTION note_order_results() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
        SELECT referral_code, coalesce(link_label, ''), count(*),
            count(paid_at) FILTER (WHERE total_minor > 0 OR paid_minor > 0), 0, 0
        FROM new_rows WHERE referral_code IS NOT NULL GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
        SELECT referral_code, coalesce(link_label, ''), -count(*),
            -count(paid_at) FILTER (WHERE total_minor > 0 OR paid_minor > 0), 0, 0
        FROM old_rows WHERE referral_code IS NOT NULL GROUP BY 1, 2;
    ELSE
        INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
        SELECT code, label, sum(step), sum(step * is_paid::int), 0, 0
        FROM (SELECT referral_code AS code, coalesce(link_label, '') AS label, 1 AS step,
                  paid_at IS NOT NULL AND (total_minor > 0 OR paid_minor > 0) AS is_paid FROM new_rows
              UNION ALL
              SELECT referral_code, coalesce(link_label, ''), -1,
                  paid_at IS NOT NULL AND (total_minor > 0 OR paid_minor > 0) FROM old_rows) AS changed
        WHERE code IS NOT NULL GROUP BY 1, 2
        HAVING sum(step) <> 0 OR sum(step * is_paid::int) <> 0;
    END IF;
    RETURN NULL;
END
$$;

-- The order of a reward exists before the reward, and its label is written with it.
CREATE OR REPLACE FUNCTION note_reward_results() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
        SELECT r.ref_code, coalesce(o.link_label, ''), 0, 0,
            coalesce(sum(r.reward_amount_wei) FILTER (WHERE r.status NOT IN ('rejected', 'failed')), 0),
            coalesce(sum(r.reward_amount_wei) FILTER (WHERE r.status = 'minted'), 0)
        FROM new_rows r LEFT JOIN orders o ON o.id = r.order_id GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
        SELECT r.ref_code, coalesce(o.link_label, ''), 0, 0,
            -coalesce(sum(r.reward_amount_wei) FILTER (WHERE r.status NOT IN ('rejected', 'failed')), 0),
            -coalesce(sum(r.reward_amount_wei) FILTER (WHERE r.status = 'minted'), 0)
        FROM old_rows r LEFT JOIN orders o ON o.id = r.order_id GROUP BY 1, 2;
    ELSE
        INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
        SELECT c.ref_code, coalesce(o.link_label, ''), 0, 0, sum(c.earned), sum(c.minted)
        FROM (SELECT ref_code, order_id, coalesce(sum(wei) FILTER (WHERE status NOT IN ('rejected', 'failed')), 0) AS earned,
                  coalesce(sum(wei) FILTER (WHERE status = 'minted'), 0) AS minted
              FROM (SELECT ref_code, order_id, status, reward_amount_wei AS wei FROM new_rows
                    UNION ALL SELECT ref_code, order_id, status, -reward_amount_wei FROM old_rows) AS changed
              GROUP BY 1, 2) AS c
        LEFT JOIN orders o ON o.id = c.order_id
        WHERE c.earned <> 0 OR c.minted <> 0
        GROUP BY 1, 2;
    END IF;
    RETURN NULL;
END
$$;

-- A connected store may name the label after the reward exists: what the reward earned moves to it. The reward is locked,
-- so that a change of its status at the same time counts for the label that it finds afterwards.
CREATE OR REPLACE FUNCTION move_label_results() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM referral_rewards WHERE order_id = NEW.id FOR NO KEY UPDATE;
    INSERT INTO code_result_deltas (code, label, order_count, paid_count, earned_wei, minted_wei)
    SELECT r.ref_code, step.label, 0, 0, step.sign * r.reward_amount_wei,
        CASE WHEN r.status = 'minted' THEN step.sign * r.reward_amount_wei ELSE 0 END
    FROM referral_rewards r
    CROSS JOIN (VALUES (coalesce(OLD.link_label, ''), -1), (coalesce(NEW.link_label, ''), 1)) AS step (label, sign)
    WHERE r.order_id = NEW.id AND r.reward_amount_wei IS NOT NULL AND r.status NOT IN ('rejected', 'failed');
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER orders_label_moved AFTER UPDATE OF link_label ON orders
    FOR EACH ROW WHEN (OLD.link_label IS DISTINCT FROM NEW.link_label) EXECUTE FUNCTION move_label_results();
CREATE OR REPLACE TRIGGER orders_results_insert AFTER INSERT ON orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_order_results();
CREATE OR REPLACE TRIGGER orders_results_update AFTER UPDATE ON orders
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_order_results();
CREATE OR REPLACE TRIGGER orders_results_delete AFTER DELETE ON orders
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_order_results();
CREATE OR REPLACE TRIGGER referral_rewards_results_insert AFTER INSERT ON referral_rewards
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_reward_results();
CREATE OR REPLACE TRIGGER referral_rewards_results_update AFTER UPDATE ON referral_rewards
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_reward_results();
CREATE OR REPLACE TRIGGER referral_rewards_results_delete AFTER DELETE ON referral_rewards
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_reward_results();

-- What the first triggers found. They keep both tables locked until this transaction ends, so nothing is missed or counted twice.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM code_results) OR EXISTS (SELECT 1 FROM code_result_deltas) THEN
        RETURN;
    END IF;
    INSERT INTO code_results (code, label, order_count, paid_count, earned_wei, minted_wei)
    SELECT code, label, sum(order_count), sum(paid_count), sum(earned), sum(minted)
    FROM (SELECT referral_code AS code, coalesce(link_label, '') AS label, count(*) AS order_count,
              count(paid_at) FILTER (WHERE total_minor > 0 OR paid_minor > 0) AS paid_count, 0 AS earned, 0 AS minted
          FROM orders WHERE referral_code IS NOT NULL GROUP BY 1, 2
          UNION ALL
          SELECT r.ref_code, coalesce(o.link_label, ''), 0, 0,
              coalesce(sum(r.reward_amount_wei) FILTER (WHERE r.status NOT IN ('rejected', 'failed')), 0),
              coalesce(sum(r.reward_amount_wei) FILTER (WHERE r.status = 'minted'), 0)
          FROM referral_rewards r LEFT JOIN orders o ON o.id = r.order_id GROUP BY 1, 2) AS parts
    GROUP BY 1, 2;
END
$$;

-- Adds visits to a label, which begins with its first use while its code has fewer than 50; returns whether it has it.
-- Each statement here sees what others have committed, so the lock of the code makes the limit exact.
CREATE OR REPLACE FUNCTION count_label(of_code text, of_label text, more bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE link_labels SET visits_total = visits_total + more WHERE code = of_code AND label = of_label;
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM 1 FROM refcodes WHERE code = of_code FOR NO KEY UPDATE;
    INSERT INTO link_labels (code, label, visits_total) SELECT of_code, of_label, more
    WHERE (SELECT count(*) FROM link_labels WHERE code = of_code AND label <> of_label) < 50
    ON CONFLICT (code, label) DO UPDATE SET visits_total = link_labels.visits_total + excluded.visits_total;
    RETURN FOUND;
END
$$;
