-- A settlement was collected by who collected its order's money.
SELECT s.id, s.order_reference, s.collected_by, o.collected_by AS order_collected_by
FROM settlements s
JOIN orders o ON o.id = s.order_id
WHERE s.collected_by <> o.collected_by
