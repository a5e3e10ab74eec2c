"""Alternative visit counters in a bare Flask application, which `bench_beacon` compares with the portal.

`bare` stores nothing. `old` reads a JSON document, changes it and writes it back, as the previous system did.
`upsert` increments a row with one statement. Each thread has its own connection.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import psycopg2
from flask import Flask, jsonify, request

_local = threading.local()
_UPSERT = """
INSERT INTO bench_visits (code, day, n) VALUES (%s, (now() AT TIME ZONE 'UTC')::date, 1)
ON CONFLICT (code, day) DO UPDATE SET n = bench_visits.n + 1
"""
TABLES = """
CREATE TABLE bench_visits (code text, day date, n bigint NOT NULL, PRIMARY KEY (code, day));
CREATE TABLE bench_documents (code text PRIMARY KEY, data jsonb NOT NULL);
"""


def _cursor() -> Any:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        _local.connection.autocommit = True
    return _local.connection.cursor()


def _read_modify_write(code: str) -> None:
    with _cursor() as cursor:
        cursor.execute("SELECT data FROM bench_documents WHERE code = %s", [code])
        (document,) = cursor.fetchone()
        document["visitCount"] += 1
        cursor.execute("UPDATE bench_documents SET data = %s WHERE code = %s", [json.dumps(document), code])


def _increment(code: str) -> None:
    with _cursor() as cursor:
        cursor.execute(_UPSERT, [code])


application = Flask("bench", static_folder=None)


@application.get("/")
@application.post("/bare")
def bare() -> Any:
    """Respond without storing anything."""
    return jsonify(success=True)


@application.post("/old")
def old() -> Any:
    """Read the document, change it and write it back."""
    _read_modify_write(request.get_json()["code"])
    return jsonify(success=True)


@application.post("/upsert")
def upsert() -> Any:
    """Increment a row with one statement."""
    _increment(request.get_json()["code"])
    return jsonify(success=True)
