"""The statuses of a letter and the only changes between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class LetterStatus(StrEnum):
    """The statuses of a letter."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"
    EXPIRED = "expired"


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "send": Transition("letter_sent", (LetterStatus.QUEUED,), LetterStatus.SENT),
        "give_up": Transition("letter_died", (LetterStatus.QUEUED,), LetterStatus.DEAD),
        "expire": Transition("letter_expired", (LetterStatus.QUEUED,), LetterStatus.EXPIRED),
        "requeue": Transition("letter_requeued", (LetterStatus.DEAD,), LetterStatus.QUEUED),
    }
)
