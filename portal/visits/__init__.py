"""Arrivals through share links: counted once each, in daily UTC buckets and an all-time total."""

from portal.visits.operations import add_history, count_visit, prune_visits
from portal.visits.queries import VisitStats, list_visit_ledger, platform_stats, stats_by_code
from portal.visits.rules import is_countable, is_prefetch

__all__ = [
    "VisitStats",
    "add_history",
    "count_visit",
    "is_countable",
    "is_prefetch",
    "list_visit_ledger",
    "platform_stats",
    "prune_visits",
    "stats_by_code",
]
