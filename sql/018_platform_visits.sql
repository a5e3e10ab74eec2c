-- Visits of the whole platform a day, so that reading them costs the same however many codes there are. A row a shard:
-- processes that count at the same moment do not wait for each other's commit.
CREATE TABLE platform_visits (
    day date NOT NULL,
    shard smallint NOT NULL,
    visits bigint NOT NULL CHECK (visits >= 0),
    PRIMARY KEY (day, shard)
);

INSERT INTO platform_visits (day, shard, visits)
SELECT day, 0, sum(visits) FROM visit_daily GROUP BY day;

-- Days that are no longer read one by one are summed in a row of this date.
INSERT INTO platform_visits (day, shard, visits)
SELECT '0001-01-01', 0, total - kept
FROM (SELECT coalesce(sum(visits_total), 0) AS total FROM refcodes) r,
     (SELECT coalesce(sum(visits), 0) AS kept FROM visit_daily) d
WHERE total > kept;

-- Buckets that left visit_daily, stored for 28 more days: only a comparison with the period before reads them.
CREATE TABLE visit_past (
    code text NOT NULL REFERENCES refcodes (code),
    day date NOT NULL,
    visits bigint NOT NULL CHECK (visits >= 0),
    PRIMARY KEY (code, day)
);
CREATE INDEX visit_past_day ON visit_past (day);

-- Counters change in place: free space in the page spares an update the indexes.
ALTER TABLE platform_visits SET (fillfactor = 50);
ALTER TABLE visit_daily SET (fillfactor = 70);
ALTER TABLE refcodes SET (fillfactor = 70);
