-- transactional: false
-- What falls due later in the present hour is read from the index alone, with its vendor.

DROP INDEX CONCURRENTLY IF EXISTS settlements_payable;
CREATE INDEX CONCURRENTLY settlements_payable
    ON settlements (scheduled_for) INCLUDE (vendor_id, currency, kind, net_payout_minor)
    WHERE status = 'pending' AND collected_by = 'platform';
