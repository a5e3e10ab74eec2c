-- A code has at most 50 link labels.
SELECT code, count(*) AS labels FROM link_labels GROUP BY code HAVING count(*) > 50
