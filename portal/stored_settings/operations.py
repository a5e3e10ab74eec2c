"""Store a version of the settings, and logos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models import BrandLogo, SettingsVersion
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.pictures import Picture
from portal.stored_settings.rules import logo_url

_LOGO = "brand_logo_url"


class SettingsChanged(PortalError):
    """Another admin saved the settings meanwhile."""

    code = "settings_changed"


@dataclass(frozen=True)
class SavedSettings:
    """The newest version; 0 and no settings before anything was saved."""

    version: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    created_by: int | None = None


def newest_settings() -> SavedSettings:
    """Return what is stored now."""
    row = SettingsVersion.select().order_by(SettingsVersion.id.desc()).first()
    if row is None:
        return SavedSettings()
    return SavedSettings(row.id, row.settings, row.created_at, row.created_by_id)


def save_settings(values: Mapping[str, Any], expected_version: int, actor: Actor) -> SavedSettings:
    """Store values over those of the expected version, and an event with what changed; return what is stored.

    Values that change nothing store nothing. Raises SettingsChanged where another version is the newest.
    """
    with transaction():
        saved = _lock_newest()
        if saved.version != expected_version:
            raise SettingsChanged
        return _store(saved, {**saved.settings, **values}, actor)


def save_logo(picture: Picture | None, actor: Actor) -> SavedSettings:
    """Make a picture the logo, or draw the portal's own mark again where it is None; return what is stored."""
    with transaction():
        saved = _lock_newest()
        others = {name: value for name, value in saved.settings.items() if name != _LOGO}
        if picture is None:
            return _store(saved, others, actor)
        logo = {"digest": picture.digest, "content": picture.files["small"]}
        BrandLogo.insert(logo).on_conflict_ignore().execute()
        return _store(saved, {**others, _LOGO: logo_url(picture.digest)}, actor)


def find_logo(digest: str) -> bytes | None:
    """Return an uploaded logo as WebP, or None."""
    logo = BrandLogo.get_or_none(BrandLogo.digest == digest)
    return bytes(logo.content) if logo else None


def _lock_newest() -> SavedSettings:
    """Return what is stored, and let no other transaction store a version until this one ends."""
    query("SELECT pg_advisory_xact_lock(hashtextextended('settings_versions', 0))")
    return newest_settings()


def _store(saved: SavedSettings, settings: Mapping[str, Any], actor: Actor) -> SavedSettings:
    names = sorted(saved.settings.keys() | settings.keys())
    changes = {
        name: {"from": saved.settings.get(name), "to": settings.get(name)}
        for name in names
        if saved.settings.get(name) != settings.get(name)
    }
    if not changes:
        return saved
    version = SettingsVersion.insert(settings=dict(settings), created_by=actor.user_id).execute()
    record_event(actor, "settings", version, "settings_saved", data=changes)
    return newest_settings()
