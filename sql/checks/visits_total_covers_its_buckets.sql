-- The total visits of a code are at least the sum of its stored days.
SELECT c.code, c.visits_total, sum(d.visits) AS stored
FROM refcodes c JOIN visit_daily d ON d.code = c.code
GROUP BY c.code, c.visits_total
HAVING c.visits_total < sum(d.visits)
