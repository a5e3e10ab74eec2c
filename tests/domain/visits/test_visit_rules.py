"""Which beacons count and what the windows show. See docs/rules/visits.md."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.visits.rules import is_countable, oldest_kept_day, visit_windows

TODAY = date(2026, 3, 1)
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("ago", "today", "week", "month"),
    [(0, 1, 1, 1), (1, 0, 1, 1), (6, 0, 1, 1), (7, 0, 0, 1), (27, 0, 0, 1), (28, 0, 0, 0), (-1, 0, 0, 0)],
)
def test_window_edges(ago: int, today: int, week: int, month: int) -> None:
    windows = visit_windows({days_ago(ago): 1}, TODAY)
    assert (windows.today, windows.last7d, windows.last28d) == (today, week, month)


def test_windows_add_up() -> None:
    windows = visit_windows({days_ago(ago): 10**ago for ago in range(3)}, TODAY)
    assert (windows.today, windows.last7d, windows.last28d) == (1, 111, 111)
    assert visit_windows({}, TODAY).last28d == 0


@given(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 4, 1)), st.integers(0, 10**6)))
def test_longer_window_is_never_smaller(counts: dict[date, int]) -> None:
    windows = visit_windows(counts, TODAY)
    assert 0 <= windows.today <= windows.last7d <= windows.last28d <= sum(counts.values())


@given(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 4, 1)), st.integers(0, 10**6)))
def test_removing_old_days_changes_no_window(counts: dict[date, int]) -> None:
    recent = {day: count for day, count in counts.items() if day >= oldest_kept_day(TODAY)}
    assert visit_windows(recent, TODAY) == visit_windows(counts, TODAY)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; YandexBot/3.0)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "AdsBot-Google",
        "TelegramBot (like TwitterBot)",
        "Viber/20.1.0",
        "WhatsApp/2.23.20.0 A",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Slack-ImgProxy (+https://api.slack.com/robots)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "facebookexternalhit/1.1",
        "Facebot",
        "Twitterbot/1.0",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
        "vkShare",
        "Google Web Preview",
        f"{CHROME} BingPreview/1.0b",
        f"{CHROME} Chrome-Lighthouse",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1",
        "sqlmap/1.7",
        "Nuclei - Open-source project (github.com)",
        "Scrapy/2.11 (+https://scrapy.org)",
        "my-crawler",
        "WhatsApp",
        "Mastodon/4.2 (http.rb/5.1; +https://mastodon.example/)",
        "Bluesky Cardyb/1.1",
        "Mozilla/5.0 (compatible; Uptimia; www.uptimia.com)",
        "Discourse Forum Onebox v3.3.0",
        f"{CHROME} DatadogSynthetics",
        f"{CHROME} (Checkly, team@checkly.example)",
        "W3C-checklink/2.90 libwww-perl/5.64",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    ],
)
def test_declared_bots_do_not_count(user_agent: str) -> None:
    assert not is_countable(user_agent, {})
    assert not is_countable(user_agent.upper(), {})


@pytest.mark.parametrize(
    "user_agent",
    [
        CHROME,
        IPHONE,
        CHROME.replace("Chrome/", "HeadlessChrome/"),
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) Chrome/126.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) Chrome/126.0.0.0 Mobile Safari/537.36",
        f"{IPHONE} [FBAN/FBIOS;FBAV/460.0.0]",
        f"{IPHONE} Instagram 330.0.0",
        f"{CHROME} Telegram-Android/10.14.5 (Xiaomi)",
        f"{IPHONE} [Pinterest/iOS]",
        f"{CHROME} YaBrowser/24.6.0",
        f"{CHROME} Viewer/99.9 MetaIAB Facebook",
        f"{IPHONE} Line/14.2.0",
        f"{IPHONE} QRScanner/3.1",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
        "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14",
        "python-requests/2.32.3",
        "python-httpx/0.27.0",
        "Python-urllib/3.11",
        "curl/8.5.0",
        "",
        None,
    ],
)
def test_browsers_and_plain_clients_count(user_agent: str | None) -> None:
    assert is_countable(user_agent, {"Accept": "*/*"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Purpose", "prefetch"),
        ("purpose", "preview"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch;anonymous-client-ip"),
        ("X-Moz", "prefetch"),
        ("X-Purpose", "preview"),
        ("SEC-PURPOSE", "PREFETCH"),
    ],
)
def test_prefetches_do_not_count(name: str, value: str) -> None:
    assert not is_countable(CHROME, {"Accept": "*/*", name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("X-Moz", ""), ("Purpose", "navigation"), ("Accept", "prefetch")]
)
def test_other_headers_do_not_matter(name: str, value: str) -> None:
    assert is_countable(CHROME, {name: value})
