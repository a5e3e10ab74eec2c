"""The statuses of an export and the only changes between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class ExportStatus(StrEnum):
    """The statuses of an export; one whose file is deleted has no row."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "finish": Transition("export_ready", (ExportStatus.PREPARING,), ExportStatus.READY),
        "fail": Transition("export_failed", (ExportStatus.PREPARING,), ExportStatus.FAILED),
    }
)
