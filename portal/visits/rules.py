"""Decide which beacon counts as a visit and what the windows show. See docs/rules/visits.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

KEPT_DAYS = 28
# The day that stores the sum of all days which are no longer read one by one.
BEFORE = date(1, 1, 1)

_PREFETCH_HEADERS = ("purpose", "sec-purpose", "x-purpose", "x-moz")
_PREFETCH_VALUE = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)

# Programs that identify themselves. Published lists of crawlers were not used: they also match in-app browsers, which
# people use. Generic HTTP clients and an empty user agent are accepted: the rate limit handles a flood, and a privacy
# tool that strips the user agent still serves a person. HeadlessChrome counts: scanners hide it, while browser tests of
# a deployment show it and expect to be counted.
_DECLARED_PROGRAM = re.compile(
    r"""
    (?<!cu)bots?(?![a-z])              # Googlebot, TelegramBot, Twitterbot, Discordbot; not a CUBOT phone
    | compatible;(?!\s*(?:msie|konqueror))   # how programs sign and browsers no longer do
    | https?:// | \b[\w.-]+@[\w-]+\.\w    # an address to complain to
    | crawl | spider | slurp | scrap(?:e|ing|y\b) | fetcher | validator | checker | checklink | check_http
    | monitor(?:ing)?\b | uptime | synthetic | image-?proxy
    | facebookexternalhit | facebookcatalog | facebot | meta-external
    | ^whatsapp\b | whatsapp/ | \bviber\b | slack-imgproxy | skypeuripreview | vkshare | line-poker
    | kakaotalk-scrap | mastodon/ | bluesky | steamchaturllookup
    | (?:url|link|web|page|bing|microsoft)[ -]?preview | onebox
    | embedly | iframely | google-(?:inspectiontool|safety|read-aloud|agent|site) | googleother | mediapartners
    | apis-google | chrome-lighthouse | \bptst/ | gtmetrix | pingdom | statuscake | site24x7 | checkly
    | ia_archiver | archive-it | w3c_ | phantomjs | httrack | netcraft
    | nikto | sqlmap | nuclei | masscan | zgrab | \bnmap\b | wpscan | acunetix | censysinspect | nessus | openvas
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class VisitWindows:
    """Visits today, in 7 days and in 28 days, each window ending today (UTC)."""

    today: int
    last7d: int
    last28d: int


def visit_windows(counts: Mapping[date, int], today: date) -> VisitWindows:
    """Return the windows over visits by UTC day; days outside a window, or after today, are left out."""
    return VisitWindows(
        today=_sum_days(counts, today, 1),
        last7d=_sum_days(counts, today, 7),
        last28d=_sum_days(counts, today, KEPT_DAYS),
    )


def previous_windows(counts: Mapping[date, int], today: date) -> VisitWindows:
    """Return the previous windows: yesterday, the 7 days before the last 7, the 28 before the last 28."""
    return VisitWindows(
        today=_sum_days(counts, today - timedelta(days=1), 1),
        last7d=_sum_days(counts, today - timedelta(days=7), 7),
        last28d=_sum_days(counts, today - timedelta(days=KEPT_DAYS), KEPT_DAYS),
    )


def oldest_compared_day(today: date) -> date:
    """Return the first day of the previous 28-day window; older days are never read."""
    return today - timedelta(days=2 * KEPT_DAYS - 1)


def oldest_kept_day(today: date) -> date:
    """Return the day before which buckets are removed: those older than 28 days."""
    return today - timedelta(days=KEPT_DAYS)


def is_countable(user_agent: str | None, headers: Mapping[str, str]) -> bool:
    """Return whether a beacon counts: no declared bot, link preview, scanner, prefetch or prerender."""
    return not is_prefetch(headers) and not _DECLARED_PROGRAM.search(user_agent or "")


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Return whether headers mark a prefetch, a prerender or a preview."""
    by_name = {name.lower(): value for name, value in headers.items()}
    return any(_PREFETCH_VALUE.search(by_name.get(name, "")) for name in _PREFETCH_HEADERS)


def _sum_days(counts: Mapping[date, int], today: date, days: int) -> int:
    return sum(counts.get(today - timedelta(days=back), 0) for back in range(days))
