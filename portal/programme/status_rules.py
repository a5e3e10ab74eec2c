"""The statuses of an application to join the programme, and the only changes between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class ApplicationStatus(StrEnum):
    """The statuses of an application."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


_WAITING = (ApplicationStatus.WAITING,)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "approve": Transition("application_approved", _WAITING, ApplicationStatus.APPROVED),
        "reject": Transition("application_rejected", _WAITING, ApplicationStatus.REJECTED),
    }
)
