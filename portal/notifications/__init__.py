"""Notifications inside the portal, and copies by e-mail for users who want them.

A notification stores a kind and parameters; its sentence is written in the reader's language when it is shown.
`topics` and `preferences` decide which kinds are also sent by e-mail.
"""

from portal.notifications.operations import (
    mark_all_read,
    mark_read,
    notify,
    prune_notifications,
)
from portal.notifications.preferences import (
    TopicUnknown,
    choose_all_topics,
    choose_topics,
    chosen_topics,
    decline_topic,
)
from portal.notifications.queries import count_unread, list_notifications
from portal.notifications.topics import REWARD_TOPICS, TOPICS, is_security, topic_of, topics_for

__all__ = [
    "REWARD_TOPICS",
    "TOPICS",
    "TopicUnknown",
    "choose_all_topics",
    "choose_topics",
    "chosen_topics",
    "count_unread",
    "decline_topic",
    "is_security",
    "list_notifications",
    "mark_all_read",
    "mark_read",
    "notify",
    "prune_notifications",
    "topic_of",
    "topics_for",
]
