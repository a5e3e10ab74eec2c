"""Event scans that work with any provider: a range that is refused is halved, down to one block."""

from __future__ import annotations

from collections.abc import Iterator

from portal.chain.errors import LogsUnavailable, NodeRefused, NodeTimeout
from portal.chain.node.answers import Log
from portal.chain.node.rpc import Node


def scan_logs(
    node: Node, address: str, topics: list[object], first: int, last: int
) -> Iterator[tuple[int, list[Log]]]:
    """Yield the events of consecutive block ranges, each with the last block of its range.

    Providers refuse ranges with different codes and words, so any refusal is answered with half the range. Raises
    LogsUnavailable when a single block is refused; what was yielded before stays valid.
    """
    length = node.log_range.length
    while first <= last:
        end = min(first + length - 1, last)
        try:
            logs = node.logs(address, topics, first, end)
        except NodeRefused as refusal:
            if first == end:
                raise LogsUnavailable(
                    f"{node.host} refused the events of a block: {refusal}", host=node.host
                ) from None
            length = (end - first + 1) // 2
            continue
        except NodeTimeout:
            node.log_range.shrink((end - first + 1) // 2)
            raise
        node.log_range.accept(end - first + 1, is_shortened=length < node.log_range.length)
        yield end, logs
        first, length = end + 1, node.log_range.length
