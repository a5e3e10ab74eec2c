"""Account settings in words."""

from __future__ import annotations

from portal.web.text.translate import gettext as _


def topic_words(topic: str) -> str:
    """Return the event that e-mails of a topic report."""
    return {
        "reward_sent": _("a reward is sent to your wallet"),
        "reward_decided": _("a reward is approved or rejected"),
        "reward_refunded": _("a refund changes a reward"),
    }.get(topic, topic)
