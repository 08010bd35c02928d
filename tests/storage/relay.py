"""Table Storage with faults on the wire: Azurite behind a relay that the sandboxes' fault injection wraps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from shared.secret import Secret
from shared.storage.tables import Tables

_TIMESTAMP = re.compile(rb'(?<="Timestamp":")[^"]+(?=")')


class Relay:
    """A WSGI application that hands every request on to Azurite, unchanged but for the host.

    `clock_offset` moves the clock of Table Storage: the Date of each answer and the Timestamp of each row.
    `since_writes` moves the Date alone, as if that much time had passed between the writes and the answer.
    """

    def __init__(self, connection_string: str) -> None:
        self.clock_offset = timedelta()
        self.since_writes = timedelta()
        self._connection_string = connection_string
        found = re.search(r"TableEndpoint=(http://[^/;]+)", connection_string)
        assert found
        self._target = found[1]

    def connection_string_by_way_of(self, url: str) -> str:
        """The connection string that leads to Azurite through a server of this relay."""
        return self._connection_string.replace(self._target, url)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        answer = requests.request(
            request.method,
            self._target + environ["RAW_URI"],
            data=request.get_data(),
            headers={name: value for name, value in request.headers.items() if name.lower() != "host"},
            timeout=30,
        )
        content = _TIMESTAMP.sub(lambda found: _later_timestamp(found[0], self.clock_offset), answer.content)
        response = Response(content, answer.status_code)
        for name, value in answer.headers.items():
            if name.lower().startswith(("content-type", "etag", "x-ms-")):
                response.headers[name] = value
        date = parsedate_to_datetime(answer.headers["Date"]) + self.clock_offset + self.since_writes
        response.headers["Date"] = format_datetime(date, usegmt=True)
        return response(environ, start_response)


def _later_timestamp(text: bytes, offset: timedelta) -> bytes:
    moment = datetime.fromisoformat(text.decode().replace("Z", "+00:00")) + offset
    return moment.isoformat().replace("+00:00", "Z").encode()


class FaultyStorage:
    """The tables behind the relay, and the faults that are to happen on the way to them. `url` is the relay's."""

    def __init__(self, url: str, relay: Relay) -> None:
        self._url = url
        self.relay = relay
        self.connection_string = relay.connection_string_by_way_of(url)
        self.tables = Tables(Secret(self.connection_string))

    def fail(self, **fault: Any) -> None:
        """Let a fault happen once, or `times`; see `local.faults` for the kinds."""
        requests.post(f"{self._url}/_control/faults", json=fault, timeout=10).raise_for_status()

    def heal(self) -> None:
        """Take every fault away."""
        requests.delete(f"{self._url}/_control/faults", timeout=10).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """What has arrived, in order."""
        answer = requests.get(f"{self._url}/_control/requests", timeout=10)
        found: list[dict[str, Any]] = answer.json()["requests"]
        return found

    def clear_requests(self) -> None:
        """Forget what has arrived so far."""
        requests.delete(f"{self._url}/_control/requests", timeout=10).raise_for_status()
