-- Daily visits of the whole platform, so that the cost of reading does not depend on the number of codes. Rows are
-- sharded so that concurrent counters do not wait for each other's commit.
CREATE TABLE platform_visits (
    day date NOT NULL,
    shard smallint NOT NULL,
    visits bigint NOT NULL CHECK (visits >= 0),
    PRIMARY KEY (day, shard)
);

INSERT INTO platform_visits (day, shard, visits)
SELECT day, 0, sum(visits) FROM visit_daily GROUP BY day;

-- Days that are no longer read individually are summed in a row with this date.
INSERT INTO platform_visits (day, shard, visits)
SELECT '0001-01-01', 0, total - kept
FROM (SELECT coalesce(sum(visits_total), 0) AS total FROM refcodes) r,
     (SELECT coalesce(sum(visits), 0) AS kept FROM visit_daily) d
WHERE total > kept;

-- Buckets moved out of visit_daily, kept for 28 more days for comparisons with the previous period.
CREATE TABLE visit_past (
    code text NOT NULL REFERENCES refcodes (code),
    day date NOT NULL,
    visits bigint NOT NULL CHECK (visits >= 0),
    PRIMARY KEY (code, day)
);
CREATE INDEX visit_past_day ON visit_past (day);

-- Counters are updated in place: free space in the page avoids index updates.
ALTER TABLE platform_visits SET (fillfactor = 50);
ALTER TABLE visit_daily SET (fillfactor = 70);
ALTER TABLE refcodes SET (fillfactor = 70);
