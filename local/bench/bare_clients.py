"""The processor time of a request made with the packages alone, without the app.

`python -m local.bench.bare_clients` reads {"work_item_url", "token", "connection_string", "runs"} from standard input
and prints milliseconds of processor time as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

_FEW, _MANY = 2, 100
_TABLE = "BareClients"


@dataclass(frozen=True)
class BareCosts:
    """Milliseconds of processor time of a request to Azure DevOps, and of Table Storage's kinds of requests."""

    outside: float
    point_read: float
    row_write: float
    transaction: float
    transaction_row: float


def main() -> None:
    """Measure and print."""
    given = json.load(sys.stdin)
    runs = int(given["runs"])
    outside = _outside(given["work_item_url"], given["token"], runs)
    print(json.dumps(asdict(_costs(outside, given["connection_string"], runs))))


def _outside(url: str, token: str, runs: int) -> float:
    import requests

    session = requests.Session()
    session.trust_env = False
    return _cpu_milliseconds(lambda: session.get(url, auth=("", token), timeout=60).json(), runs)


def _costs(outside: float, connection_string: str, runs: int) -> BareCosts:
    from azure.data.tables import TableServiceClient

    table = TableServiceClient.from_connection_string(connection_string).create_table_if_not_exists(_TABLE)

    def rows(count: int) -> list[dict[str, str]]:
        return [
            {"PartitionKey": "p", "RowKey": str(number), "text": "t" * 300, "other": "o" * 100}
            for number in range(count)
        ]

    def transaction(count: int) -> float:
        return _cpu_milliseconds(
            lambda: table.submit_transaction([("upsert", row) for row in rows(count)]), max(runs // 4, 1)
        )

    row_write = _cpu_milliseconds(lambda: table.upsert_entity(rows(1)[0]), runs)
    point_read = _cpu_milliseconds(lambda: table.get_entity("p", "0"), runs)
    few, many = transaction(_FEW), transaction(_MANY)
    each = (many - few) / (_MANY - _FEW)
    return BareCosts(outside, point_read, row_write, few - _FEW * each, each)


def _cpu_milliseconds(work: Callable[[], object], runs: int) -> float:
    work()
    before = time.process_time()
    for _ in range(runs):
        work()
    return (time.process_time() - before) * 1000 / runs


if __name__ == "__main__":
    main()
