"""Link labels of share codes, and what each of them brought. See docs/rules/codes.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import LinkLabel
from portal.codes.operations import lock_code
from portal.codes.rules import LABELS_MAX, label_form
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import PortalError

FIELD = "label"
_KEEP = "SELECT count_label(%s, %s, 0)"
_FOLD = """
WITH folded AS (DELETE FROM code_result_deltas RETURNING code, label, order_count, paid_count, earned_wei, minted_wei)
INSERT INTO code_results AS t (code, label, order_count, paid_count, earned_wei, minted_wei)
SELECT code, label, sum(order_count), sum(paid_count), sum(earned_wei), sum(minted_wei) FROM folded GROUP BY 1, 2
ON CONFLICT (code, label) DO UPDATE SET order_count = t.order_count + excluded.order_count,
    paid_count = t.paid_count + excluded.paid_count,
    earned_wei = t.earned_wei + excluded.earned_wei, minted_wei = t.minted_wei + excluded.minted_wei
RETURNING t.code
"""
_BY_LABEL = """
SELECT label, sum(order_count)::bigint, sum(paid_count)::bigint, sum(earned_wei), sum(minted_wei)
FROM (
    SELECT code, label, order_count, paid_count, earned_wei, minted_wei FROM code_results WHERE code = ANY(%(codes)s)
    UNION ALL
    SELECT code, label, order_count, paid_count, earned_wei, minted_wei FROM code_result_deltas
    WHERE code = ANY(%(codes)s)
) AS parts GROUP BY 1
"""
_BY_CODE = """
SELECT code, sum(order_count)::bigint, sum(paid_count)::bigint, sum(earned_wei), sum(minted_wei)
FROM (
    SELECT code, label, order_count, paid_count, earned_wei, minted_wei FROM code_results WHERE code = ANY(%(codes)s)
    UNION ALL
    SELECT code, label, order_count, paid_count, earned_wei, minted_wei FROM code_result_deltas
    WHERE code = ANY(%(codes)s)
) AS parts GROUP BY 1
"""


class LabelMalformed(PortalError):
    """The text is no label: 1 to 32 of `a-z0-9_-`."""

    code = "label_malformed"


class TooManyLabels(PortalError):
    """The code has `at_most` labels already."""

    code = "label_too_many"


class LabelUnknown(PortalError):
    """The code has no such label."""

    code = "label_unknown"


class LabelHasOrders(PortalError):
    """A label that brought orders stays."""

    code = "label_has_orders"


@dataclass(frozen=True)
class Results:
    """Credited orders, those of them that were paid, and rewards in wei: not rejected or failed, and minted."""

    orders: int = 0
    paid: int = 0
    earned_wei: int = 0
    minted_wei: int = 0


@dataclass(frozen=True)
class LabelResults:
    """A label of a code with its visits and results."""

    label: str
    visits: int
    results: Results


def keep_label(code: str, text: str) -> str:
    """Add a label to a code, unless it has it, and return its stored form; raise LabelMalformed or TooManyLabels."""
    label = label_form(text)
    if label is None:
        raise LabelMalformed(field=FIELD)
    if not note_label(code, label):
        raise TooManyLabels(field=FIELD, at_most=LABELS_MAX)
    return label


def note_label(code: str, label: str) -> bool:
    """Return whether a code has a well-formed label, adding it while there are fewer than 50."""
    if LinkLabel.select().where((LinkLabel.code == code) & (LinkLabel.label == label)).exists():
        return True
    return bool(query(_KEEP, [code, label])[0][0])


def remove_label(code: str, label: str, actor: Actor) -> None:
    """Remove a label that brought no order, with its visits; those stay in the totals of the code.

    Raises CodeUnknown, LabelUnknown or LabelHasOrders.
    """
    with transaction():
        lock_code(code)
        if _results(_BY_LABEL, code).get(label, Results()).orders:
            raise LabelHasOrders(field=FIELD)
        mine = (LinkLabel.code == code) & (LinkLabel.label == label)
        if not LinkLabel.delete().where(mine).execute():
            raise LabelUnknown(field=FIELD)
        record_event(actor, "refcode", code, "label_removed", data={"label": label})


def list_labels(code: str) -> tuple[list[LabelResults], Results]:
    """Return the at most 50 labels of a code, those with most visits first, and the results of all other links."""
    results = _results(_BY_LABEL, code)
    rows = (
        LinkLabel.select()
        .where(LinkLabel.code == code)
        .order_by(LinkLabel.visits_total.desc(), LinkLabel.label)
    )
    labels = [LabelResults(row.label, row.visits_total, results.pop(row.label, Results())) for row in rows]
    rest = list(results.values())
    return labels, Results(
        sum(each.orders for each in rest),
        sum(each.paid for each in rest),
        sum(each.earned_wei for each in rest),
        sum(each.minted_wei for each in rest),
    )


def results_of_codes(codes: Sequence[str]) -> dict[str, Results]:
    """Return the results of each code over all its labels."""
    found = {code: Results() for code in codes}
    return found | {row[0]: _as_results(row) for row in query(_BY_CODE, {"codes": list(codes)})}


def fold_code_results() -> int:
    """Fold the noted differences into the results of their codes; return how many rows changed."""
    return len(query(_FOLD))


def _results(sql: str, code: str) -> dict[str, Results]:
    return {row[0]: _as_results(row) for row in query(sql, {"codes": [code]})}


def _as_results(row: Sequence[object]) -> Results:
    orders, paid, earned, minted = (int(str(value)) for value in row[1:])
    return Results(orders, paid, earned, minted)
