"""Topics that a user gets e-mail about: all of them until declined."""

from __future__ import annotations

from collections.abc import Collection

from models import MailPreference
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.notifications.topics import TOPICS


class TopicUnknown(PortalError):
    code = "topic_unknown"


def chosen_topics(user_id: int) -> set[str]:
    """Return the topics that a user gets e-mail about."""
    declined = MailPreference.select(MailPreference.topic).where(
        (MailPreference.user_id == user_id) & ~MailPreference.wanted
    )
    return set(TOPICS) - {row.topic for row in declined}


def choose_topics(user_id: int, topics: Collection[str], actor: Actor, offered: Collection[str]) -> None:
    """Save the offered topics that a user wants e-mail about and decline the others. Raises TopicUnknown."""
    if not set(topics) <= set(offered):
        raise TopicUnknown(field="topics")
    with transaction():
        for topic in offered:
            _save(user_id, topic, is_wanted=topic in topics)
        record_event(actor, "user", user_id, "mail_topics_chosen", data={"wanted": sorted(topics)})


def choose_all_topics(user_id: int, actor: Actor) -> None:
    """Send e-mails about every topic again, if a user has declined any."""
    if chosen_topics(user_id) != set(TOPICS):
        choose_topics(user_id, TOPICS, actor, TOPICS)


def decline_topic(user_id: int, topic: str, actor: Actor) -> None:
    """Stop the e-mails about one topic; repeating it changes nothing. Raises TopicUnknown."""
    if topic not in TOPICS:
        raise TopicUnknown
    with transaction():
        _save(user_id, topic, is_wanted=False)
        record_event(actor, "user", user_id, "mail_topic_declined", reason=topic)


def _save(user_id: int, topic: str, *, is_wanted: bool) -> None:
    MailPreference.insert(user_id=user_id, topic=topic, wanted=is_wanted).on_conflict(
        conflict_target=[MailPreference.user_id, MailPreference.topic],
        update={MailPreference.wanted: is_wanted},
    ).execute()
