"""What a check of `flask doctor` finds: one line, and whether it fails the command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Finding:
    """The state of one part; `remedy` says what to do, `details` are further lines."""

    name: str
    state: str
    remedy: str = ""
    is_failure: bool = False
    details: tuple[str, ...] = ()


def failure(name: str, state: str, remedy: str, *details: str) -> Finding:
    """Return a finding that fails the command."""
    return Finding(name, state, remedy, True, details)


def show(findings: Iterable[Finding]) -> int:
    """Print each finding when its check is done and return the number of failures."""
    failures = 0
    for finding in findings:
        failures += finding.is_failure
        remedy = f"  -> {finding.remedy}" if finding.remedy else ""
        click.echo(f"{finding.name:<12} {finding.state}{remedy}")
        for line in finding.details:
            click.echo(f"  {line}")
    return failures
