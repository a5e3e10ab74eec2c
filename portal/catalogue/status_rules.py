"""The statuses of an import of products and the only changes between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class ImportStatus(StrEnum):
    """The statuses of an import."""

    CHECKING = "checking"
    READY = "ready"
    APPLYING = "applying"
    FINISHED = "finished"
    EXPIRED = "expired"


_UNCONFIRMED = (ImportStatus.CHECKING, ImportStatus.READY)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "offer": Transition("product_import_checked", (ImportStatus.CHECKING,), ImportStatus.READY),
        "check_again": Transition("product_import_restarted", (ImportStatus.READY,), ImportStatus.CHECKING),
        "confirm": Transition("product_import_confirmed", (ImportStatus.READY,), ImportStatus.APPLYING),
        "finish": Transition("product_import_finished", (ImportStatus.APPLYING,), ImportStatus.FINISHED),
        "expire": Transition("product_import_expired", _UNCONFIRMED, ImportStatus.EXPIRED),
    }
)
