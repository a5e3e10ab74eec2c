"""Settings of the brand: name, colours, logo, token symbol and languages of a white-label portal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from portal.settings.core import CoreSettings
from portal.settings.types import Languages, Line, LogoUrl, encryption_problems


class BrandSettings(CoreSettings):
    """How the portal presents itself."""

    brand_name: Line = "Ring Referrals"
    brand_color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#3b4cca"
    brand_accent_color: Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    brand_logo_url: LogoUrl = ""
    brand_token_symbol: Annotated[str, Field(pattern=r"^[A-Za-z0-9$.]{1,12}$")] = "RING"
    offered_languages: Languages = "en,uk,ru"

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the codes of the languages that visitors may choose."""
        return tuple(self.offered_languages.split(","))

    @property
    def accent_color(self) -> str:
        """Return the colour of links and of what is selected."""
        return self.brand_accent_color or self.brand_color

    def _production_problems(self) -> Iterator[str]:
        yield from super()._production_problems()
        yield from encryption_problems(brand_logo_url=self.brand_logo_url)
