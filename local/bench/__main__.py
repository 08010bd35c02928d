"""Measure, and print one table a question."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="python dev.py bench",
        description="Measures sends, notifications and cold starts against both sandboxes with a network's latency, "
        "beside the naive way and what the latency alone costs. Ratios count; times are of this machine.",
    )
    parser.add_argument("--latency-ms", type=int, default=50, help="of each outside system (default: 50)")
    parser.add_argument("--requirements", type=int, help="with --attachments: this one size only")
    parser.add_argument("--attachments", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()

    from local.bench.arena import Arena
    from local.bench.questions import cold_start, sends, webhooks
    from local.bench.tables import Table
    from local.system import LocalSystem

    sizes = [(1, 1), (10, 3), (50, 5), (200, 0)]
    if arguments.requirements is not None:
        sizes = [(arguments.requirements, arguments.attachments)]
    tables: list[Table] = []
    with LocalSystem() as system:
        arena = Arena(system, arguments.latency_ms)
        questions: list[Callable[[], Table]] = [
            lambda: sends(arena, sizes),
            lambda: webhooks(arena, (1, 4, 16, 64), 64),
            cold_start,
        ]
        for ask in questions:
            tables.append(ask())
            if not arguments.json:
                tables[-1].show()
        memory = Table(
            "Memory of the function host after all this", ("peak MiB",), [(arena.host_peak_mebibytes(),)]
        )
        tables.append(memory)
    if arguments.json:
        print(json.dumps([table.to_json() for table in tables], indent=2))
    else:
        memory.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
