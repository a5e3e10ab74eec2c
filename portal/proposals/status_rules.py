"""The statuses of a proposal and the only changes between them. See docs/rules/second_admin.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class ProposalStatus(StrEnum):
    """The statuses of a proposal."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"


_WAITING = (ProposalStatus.WAITING,)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "confirm": Transition("proposal_confirmed", _WAITING, ProposalStatus.CONFIRMED),
        "decline": Transition("proposal_declined", _WAITING, ProposalStatus.DECLINED),
        "expire": Transition("proposal_expired", _WAITING, ProposalStatus.EXPIRED),
    }
)
