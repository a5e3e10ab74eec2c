"""Post waiting orders to the portal. What fails waits and is sent again, however long the portal is away."""

import http.client
import json
import logging
import urllib.error
import urllib.request
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from ring_referrals.models import OrderReport
from ring_referrals.snapshots import build_snapshot

logger = logging.getLogger("ring_referrals")

TIMEOUT_SECONDS = 15
# After each failed attempt; the last one repeats.
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 1440)]
ANSWER_LENGTH = 2000
# The rest waits for the next run.
BATCH = 500


def send_waiting():
    """Send every order that is due; return how many were accepted and how many were not.

    Two runs at the same time do no harm: the portal calls an equal snapshot `unchanged`.
    """
    accepted = failed = 0
    due = OrderReport.objects.filter(version__gt=F("sent_version"), next_attempt_at__lte=timezone.now())
    for report in due.order_by("next_attempt_at", "pk")[:BATCH]:
        if _send(report):
            accepted += 1
        else:
            failed += 1
    return accepted, failed


def _send(report):
    # The version was read before the order: a change in between goes out once more under the next version.
    status, answer, retry_after = post_snapshot(build_snapshot(report))
    same = OrderReport.objects.filter(pk=report.pk)
    if 200 <= status < 300:
        same.update(sent_version=report.version, attempts=0, last_answer=answer)
        return True
    wait = WAITS[min(report.attempts, len(WAITS) - 1)] if retry_after is None else retry_after
    same.filter(version=report.version).update(
        attempts=F("attempts") + 1, next_attempt_at=timezone.now() + wait, last_answer=f"{status} {answer}"
    )
    logger.warning("The portal did not accept order %s: %s %s", report.order.number, status, answer)
    return False


def post_snapshot(snapshot):
    """Return the status, the text and the wait of the portal's answer; status 0 where there was none."""
    request = urllib.request.Request(
        settings.RING_PORTAL_URL.rstrip("/") + "/api/v1/orders",
        data=json.dumps(snapshot).encode(),
        headers={"Authorization": f"Bearer {settings.RING_KEY}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.read(ANSWER_LENGTH).decode("utf-8", "replace"), None
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(ANSWER_LENGTH).decode("utf-8", "replace")
            return error.code, text, _retry_after(error.headers.get("Retry-After"))
    except (OSError, http.client.HTTPException) as error:  # URLError and time-outs are OSErrors
        return 0, str(error), None


def _retry_after(value):
    return timedelta(seconds=int(value)) if value and value.isdecimal() else None
