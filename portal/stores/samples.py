"""Files that a store installs: the plugin for WooCommerce. See docs/stores/woocommerce/README.md."""

from __future__ import annotations

import io
import zipfile

from portal.lib.folders import STORE_SAMPLES

PLUGIN_NAME = "ring-referrals"
# One date for every build, so that the same file gives the same archive.
_DATE = (2026, 1, 1, 0, 0, 0)


def read_plugin() -> bytes:
    """Return the WooCommerce plugin as the zip file that WordPress takes."""
    content = (STORE_SAMPLES / "woocommerce" / f"{PLUGIN_NAME}.php").read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo(f"{PLUGIN_NAME}/{PLUGIN_NAME}.php", _DATE), content)
    return archive.getvalue()
