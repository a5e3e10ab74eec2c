"""What people are told inside the portal and, if they like, by e-mail; sentences are made in the reader's language.

`operations` tells and marks as read, `queries` reads, `topics` and `preferences` say what is also sent by e-mail.
"""

from portal.notifications.operations import mark_all_read, mark_read, notify
from portal.notifications.preferences import TopicUnknown, choose_topics, decline_topic, wanted_topics
from portal.notifications.queries import PAGE_SIZE, count_unread, list_notifications
from portal.notifications.topics import TOPICS, is_security, topic_of

__all__ = [
    "PAGE_SIZE",
    "TOPICS",
    "TopicUnknown",
    "choose_topics",
    "count_unread",
    "decline_topic",
    "is_security",
    "list_notifications",
    "mark_all_read",
    "mark_read",
    "notify",
    "topic_of",
    "wanted_topics",
]
