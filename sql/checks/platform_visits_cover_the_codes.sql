-- The visits of the platform are the sum over all codes: in total, and on each day that is still stored per code.
SELECT 'total' AS what, p.visits AS platform, r.visits AS codes
FROM (SELECT coalesce(sum(visits), 0) AS visits FROM platform_visits) p,
     (SELECT coalesce(sum(visits_total), 0) AS visits FROM refcodes) r
WHERE p.visits <> r.visits
UNION ALL
SELECT coalesce(p.day, d.day)::text, coalesce(p.visits, 0), coalesce(d.visits, 0)
FROM (SELECT day, sum(visits) AS visits FROM platform_visits GROUP BY day) p
FULL JOIN (SELECT day, sum(visits) AS visits FROM visit_daily GROUP BY day) d USING (day)
WHERE coalesce(p.visits, 0) <> coalesce(d.visits, 0)
  AND coalesce(p.day, d.day) IN (SELECT day FROM visit_daily)
