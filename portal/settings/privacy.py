"""Settings of personal data: how many days it is kept. See docs/privacy.md."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from portal.settings.core import CoreSettings

Days = Annotated[int, Field(ge=1, le=36_500)]


class PrivacySettings(CoreSettings):
    """After how many days a job deletes or clears what is no longer needed."""

    retention_sessions_days: Days = 90
    retention_sign_ins_days: Days = 365
    retention_notifications_days: Days = 365
    retention_letters_days: Days = 30
    retention_callbacks_days: Days = 1_095
    retention_webhooks_days: Days = 90
    # The page of a store's events shows those of the last 30 days.
    retention_store_events_days: Annotated[int, Field(ge=30, le=36_500)] = 30
