"""The lines of docs/stores/webhooks.md verify what the portal signs, and refuse what it did not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from portal.lib.clock import utc_now
from portal.webhooks import signed_headers
from portal.webhooks.signing import new_secret

DOCS = Path(__file__).resolve().parents[3] / "docs" / "stores" / "webhooks.md"
BODY = '{"type": "reward.minted", "data": {"name": "чай"}}'
_NODE = Path(sys.executable).parents[1] / "node" / "node"


def lines_of(language: str) -> str:
    (lines,) = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), flags=re.S)
    return str(lines)


def inputs(**changes: Any) -> dict[str, Any]:
    """Return the variables of the documented lines; the request is signed by two secrets."""
    secret = new_secret()
    headers = signed_headers("msg_1", BODY.encode(), utc_now(), [new_secret(), secret])
    values = {
        "secret": secret,
        "id": headers["webhook-id"],
        "timestamp": headers["webhook-timestamp"],
        "signatures": headers["webhook-signature"],
        "rawBody": BODY,
    }
    return {**values, **changes}


def verify_by_python(values: dict[str, Any]) -> bool:
    names = {"id": "webhook-id", "timestamp": "webhook-timestamp", "signatures": "webhook-signature"}
    headers = {header: values[name] for name, header in names.items()}
    scope = {"secret": values["secret"], "raw_body": values["rawBody"].encode(), "headers": headers}
    try:
        exec(lines_of("python"), scope)
    except WebhookVerificationError:
        return False
    return bool(scope["event"] == json.loads(BODY))


def verify_by_node(values: dict[str, Any]) -> bool:
    program = shutil.which("node") or str(_NODE)
    script = f"const {{ {', '.join(values)} }} = {json.dumps(values)};\n{lines_of('js')}console.log(valid);"
    return _printed([program, "-e", script]) == "true"


def verify_by_php(values: dict[str, Any]) -> bool:
    program = shutil.which("php")
    if program is None:
        pytest.skip("there is no PHP")
    variables = f"extract(json_decode({json.dumps(json.dumps(values))}, true));"
    script = f"{variables}\n{lines_of('php')}var_export((bool) $valid);"
    return _printed([program, "-r", script]) == "true"


def _printed(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("verify", [verify_by_python, verify_by_node, verify_by_php])
def test_documented_lines_verify_a_request(verify: Any) -> None:
    assert verify(inputs())
    assert not verify(inputs(rawBody=BODY.replace("чай", "час")))
    assert not verify(inputs(secret=new_secret()))
    assert not verify(inputs(timestamp="1700000000"))
