"""Which events a person wants by e-mail: every topic is wanted until it is declined."""

from __future__ import annotations

from collections.abc import Collection

from models import MailPreference
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.notifications.topics import TOPICS


class TopicUnknown(PortalError):
    code = "topic_unknown"


def wanted_topics(user_id: int) -> set[str]:
    """Return the topics a person gets e-mail about."""
    declined = MailPreference.select(MailPreference.topic).where(
        (MailPreference.user_id == user_id) & ~MailPreference.wanted
    )
    return set(TOPICS) - {row.topic for row in declined}


def choose_topics(user_id: int, wanted: Collection[str], actor: Actor) -> None:
    """Keep which topics a person wants; the ones not named are declined. Raises TopicUnknown."""
    if not set(wanted) <= set(TOPICS):
        raise TopicUnknown(field="topics")
    with transaction():
        for topic in TOPICS:
            _keep(user_id, topic, topic in wanted)
        record_event(actor, "user", user_id, "mail_topics_chosen", data={"wanted": sorted(wanted)})


def decline_topic(user_id: int, topic: str, actor: Actor) -> None:
    """Stop the e-mails about one topic; raise TopicUnknown. Repeating it changes nothing."""
    if topic not in TOPICS:
        raise TopicUnknown
    with transaction():
        _keep(user_id, topic, False)
        record_event(actor, "user", user_id, "mail_topic_declined", reason=topic)


def _keep(user_id: int, topic: str, wanted: bool) -> None:
    MailPreference.insert(user_id=user_id, topic=topic, wanted=wanted).on_conflict(
        conflict_target=[MailPreference.user_id, MailPreference.topic],
        update={MailPreference.wanted: wanted},
    ).execute()
