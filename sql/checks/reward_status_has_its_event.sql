-- The status of every reward recorded here is that of its last event.
SELECT r.id, r.status, e.to_status
FROM referral_rewards r
JOIN LATERAL (
    SELECT to_status FROM event_log
    WHERE entity = 'reward' AND entity_id = r.id::text AND to_status IS NOT NULL
    ORDER BY id DESC LIMIT 1
) e ON true
WHERE e.to_status <> r.status
