-- A code's all-time total is never below the sum of the days still kept.
SELECT c.code, c.visits_total, sum(d.visits) AS kept
FROM refcodes c JOIN visit_daily d ON d.code = c.code
GROUP BY c.code, c.visits_total
HAVING c.visits_total < sum(d.visits)
