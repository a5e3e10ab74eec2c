"""The part of our samples for Medusa and Vendure that signs and sends, run by Node against the portal's own check."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.stores.adapters.medusa import Medusa
from portal.stores.adapters.protocol import Delivery, Verified
from tests.support.captures import STANDARD_SECRET
from tests.support.recorder import Recorder, open_recorder

PROJECT = Path(__file__).parents[2]
SAMPLES = (
    PROJECT / "docs/stores/medusa/src/ring/delivery.ts",
    PROJECT / "docs/stores/vendure/src/plugins/ring-referrals/delivery.ts",
)
SUBSCRIBER = PROJECT / "docs/stores/medusa/src/subscribers/ring-referrals.ts"
NODE = PROJECT / ".venv/node/node"


@pytest.fixture
def receiver() -> Iterator[Recorder]:
    with open_recorder() as recorder:
        yield recorder


def deliver(receiver: Recorder, content: object) -> subprocess.CompletedProcess[str]:
    target = {"url": f"{receiver.url}/hooks/s/medusa", "secret": STANDARD_SECRET}
    script = (
        f"import {{ deliver }} from {json.dumps(SAMPLES[0].as_uri())}\n"
        f"await deliver({json.dumps(target)}, {json.dumps(content)}, [1, 1])"
    )
    return run_node(script)


def run_node(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_both_platforms_have_the_same_file() -> None:
    assert SAMPLES[0].read_text() == SAMPLES[1].read_text()


@pytest.mark.slow
def test_subscriber_of_medusa_is_valid_typescript() -> None:
    # `node --check` accepts everything in a .ts file.
    script = (
        'import { readFileSync } from "node:fs"; import { stripTypeScriptTypes } from "node:module"\n'
        f'stripTypeScriptTypes(readFileSync({json.dumps(str(SUBSCRIBER))}, "utf8"))'
    )
    done = run_node(script)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_delivery_of_sample_is_authentic(receiver: Recorder) -> None:
    content = {
        "type": "order.placed",
        "order": {"id": "order_1", "note": "\u041a\u0443\u0445\u043e\u043b\u044c"},
    }
    done = deliver(receiver, content)
    assert done.returncode == 0, done.stderr
    [call] = receiver.received
    delivery = Delivery({name.lower(): value for name, value in call["headers"].items()}, call["raw"])
    verified = Medusa().verify(delivery, (STANDARD_SECRET,), datetime.now(UTC))
    assert verified == Verified("order.placed", content)


@pytest.mark.slow
def test_delivery_that_is_not_accepted_is_tried_again_and_then_fails(receiver: Recorder) -> None:
    receiver.status = 503
    done = deliver(receiver, {"type": "order.placed"})
    assert done.returncode != 0
    assert "HTTP 503" in done.stderr
    numbers = {call["headers"]["webhook-id"] for call in receiver.received}
    assert (len(receiver.received), len(numbers)) == (3, 1)
