"""Run a command of the test shop: a django-oscar with our sample wired in as its README says."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

SAMPLE = Path(__file__).resolve().parents[3] / "docs/stores/django-oscar"

if __name__ == "__main__":
    sys.path.insert(0, str(SAMPLE))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    execute_from_command_line(sys.argv)
