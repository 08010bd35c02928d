"""Files from addresses that a payload names."""

from __future__ import annotations

import io
import resource
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from shared.clients import downloads
from shared.clients.downloads import MOST_BYTES, Download, open_download
from shared.clients.transport import Transport
from shared.errors import Forbidden, NotFound, OperationFailed, RuleViolation, TimeSpent, Unavailable
from tests.unit.operations import Clock, an_operation
from tests.unit.scripted_server import Asked, Reply, serving

CONTENT = bytes(range(256)) * 1000


def opened(url: str, *, allow_local: bool = True) -> Download:
    """Start a download."""
    operation, _ = an_operation()
    return open_download(url, operation, Transport(allow_local=allow_local))


def failure(url: str, *, allow_local: bool = True) -> OperationFailed:
    """What a download fails with."""
    with pytest.raises(OperationFailed) as caught:
        opened(url, allow_local=allow_local)
    return caught.value


def pieces(*chunks: bytes) -> Iterator[bytes]:
    """A body whose length is not known beforehand."""
    yield from chunks


def broken_off(*chunks: bytes) -> Iterator[bytes]:
    """A body that the other side breaks off."""
    yield from chunks
    raise ConnectionResetError


def test_a_file_is_read_piece_by_piece_and_its_length_is_known_beforehand() -> None:
    with serving(Reply(200, CONTENT)) as server:
        download = opened(server.url)

        assert len(download) == len(CONTENT)
        assert download.read(10) == CONTENT[:10]
        assert download.read() == CONTENT[10:]
        assert download.read(5) == b""
        download.close()


def test_a_file_of_unknown_length_is_measured_first() -> None:
    with serving(Reply(200, pieces(CONTENT, b"end"))) as server:
        download = opened(server.url)

        assert len(download) == len(CONTENT) + 3
        assert download.read() == CONTENT + b"end"
        download.close()


def test_a_compressed_answer_is_unpacked_whatever_was_asked_for() -> None:
    import gzip

    packed = gzip.compress(CONTENT)
    with serving(Reply(200, packed, {"Content-Encoding": "gzip"})) as server:
        download = opened(server.url)

        assert len(download) == len(CONTENT)
        assert download.read() == CONTENT
        download.close()


def test_a_small_answer_that_unpacks_to_a_large_file_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(downloads, "_MOST_SPOOLED_BYTES", 1 << 20)
    packed = gzip.compress(bytes(64 << 20))
    assert len(packed) < 1 << 17
    with serving(Reply(200, packed, {"Content-Encoding": "gzip"})) as server:
        assert "larger than 1 MB" in failure(server.url).detail


def test_an_empty_file_is_a_file() -> None:
    with serving(Reply(200, b"")) as server:
        download = opened(server.url)

        assert len(download) == 0
        assert download.read() == b""


def test_no_credentials_go_to_an_address_that_a_payload_names() -> None:
    with serving(Reply(200, b"x")) as server:
        opened(server.url).close()

    (asked,) = server.asked
    assert "authorization" not in asked.headers
    assert "cookie" not in asked.headers
    assert asked.headers["accept-encoding"] == "identity"


def test_a_redirect_to_a_storage_host_is_followed() -> None:
    with (
        serving(Reply(200, CONTENT)) as storage,
        serving(Reply(302, b"", {"Location": f"{storage.url}/f"})) as aha,
    ):
        download = opened(f"{aha.url}/attachments/41")

        assert download.read() == CONTENT


def test_a_relative_redirect_is_followed() -> None:
    with serving(Reply(302, b"", {"Location": "../there"}), Reply(200, b"x")) as server:
        assert opened(f"{server.url}/a/b").read() == b"x"

    assert server.asked[1].path == "/there"


def test_a_circle_of_redirects_comes_to_an_end() -> None:
    with serving(Reply(302, b"", {"Location": "/again"})) as server:
        error = failure(server.url)

    assert isinstance(error, Unavailable)
    assert len(server.asked) == 6


def test_a_purged_file_is_gone() -> None:
    # Aha! leads on to /access_denied where a file was purged.
    with serving(Reply(302, b"", {"Location": "/access_denied"})) as server:
        error = failure(server.url)

    assert isinstance(error, NotFound)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "location", ["http://[", "https://h:99999/x", "ftp://h/x", "https://" + "x" * 64 + ".example/"]
)
def test_a_redirect_to_no_address_is_a_failure_of_this_file_alone(location: str) -> None:
    with serving(Reply(302, b"", {"Location": location})) as server:
        error = failure(server.url)

    assert isinstance(error, NotFound | Unavailable)


@pytest.mark.parametrize(
    "url",
    ["", "attachments/41", "https://", "http://[", "https://h:99999/a", "https://h:port/a", "file:///etc/passwd",
     "https://user:pw@h/a", "https://" + "x" * 64 + ".example/a", "https://a..example/"],
)  # fmt: skip
def test_an_attachment_without_a_usable_address_is_a_failure_of_this_file_alone(url: str) -> None:
    # aha-app/aha-services 5832634: an attachment without an address ended the send.
    assert isinstance(failure(url, allow_local=False), NotFound | Unavailable)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/a", "https://169.254.169.254/metadata", "https://[::1]/a", "http://h/"]
)
def test_an_inner_address_is_not_fetched_from(url: str) -> None:
    error = failure(url, allow_local=False)

    assert isinstance(error, NotFound)
    assert "not fetched" in error.detail


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (410, NotFound),
        (204, Unavailable),
        (400, Unavailable),
        (520, Unavailable),
        (408, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[OperationFailed]) -> None:
    with serving(Reply(status, b"")) as server:
        assert type(failure(f"{server.url}/token/S3cret?k=S3cret")) is kind


def test_a_full_temporary_disk_is_not_taken_for_a_broken_connection() -> None:
    # A limit on the size of files ends a write as a full disk does.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(Reply(200, pieces(*[b"x" * 500_000] * 8))) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
        try:
            error = failure(server.url)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert isinstance(error, Unavailable)
    assert "temporary disk" in error.detail
    assert "connection" not in error.detail


def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    # Python converts at most 4,300 digits, and raises a ValueError past that.
    with serving(Reply(200, pieces(b"x"), {"Content-Length": "9" * 5000})) as server:
        assert "larger than" in failure(server.url).detail


def test_a_file_that_breaks_off_and_names_no_version_is_noticed() -> None:
    with serving(Reply(200, broken_off(b"x" * 100), {"Content-Length": "1000"})) as server:
        download = opened(server.url)
        with pytest.raises(OSError, match="broke"):
            list(iter(lambda: download.read(64), b""))

    assert len(server.asked) == 1


def rest_of(asked: Asked, *, cut_after: int | None = None) -> Reply:
    """What a server that can read on answers to a request for the rest of CONTENT."""
    start = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
    rest = CONTENT[start:]
    headers = {
        "ETag": '"v1"',
        "Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}",
        "Content-Length": str(len(rest)),
    }
    return Reply(206, rest if cut_after is None else broken_off(rest[:cut_after]), headers)


def first_part(size: int, **headers: str) -> Reply:
    """CONTENT, which breaks off after a number of bytes."""
    return Reply(200, broken_off(CONTENT[:size]), {"Content-Length": str(len(CONTENT)), **headers})


def read_whole(url: str, waits: list[float] | None = None) -> bytes:
    """A file, read piece by piece."""
    operation, _ = an_operation()
    slept: list[float] = [] if waits is None else waits
    download = open_download(url, operation, Transport(allow_local=True), sleep=slept.append)
    return b"".join(iter(lambda: download.read(1000), b""))


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"v1"'}, '"v1"'),
        (
            {"ETag": 'W/"v1"', "Last-Modified": "Tue, 03 Mar 2026 10:00:00 GMT"},
            "Tue, 03 Mar 2026 10:00:00 GMT",
        ),
    ],
)
def test_a_download_that_breaks_off_goes_on_where_it_stopped(headers: dict[str, str], validator: str) -> None:
    waits: list[float] = []
    with serving(
        first_part(100_000, **headers), lambda asked: rest_of(asked, cut_after=50_000), rest_of
    ) as server:
        assert read_whole(server.url, waits) == CONTENT

    assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=100000-", "bytes=150000-"]
    assert {asked.headers["if-range"] for asked in server.asked[1:]} == {validator}
    assert waits == [0.1, 0.2]


def test_a_download_goes_on_by_the_same_redirects() -> None:
    with (
        serving(first_part(1000, ETag='"v1"'), rest_of) as storage,
        serving(Reply(302, b"", {"Location": f"{storage.url}/f"})) as aha,
    ):
        assert read_whole(f"{aha.url}/attachments/41") == CONTENT

    assert [len(server.asked) for server in (aha, storage)] == [2, 2]


def test_a_server_that_is_down_for_a_moment_is_asked_again() -> None:
    with serving(first_part(1000, ETag='"v1"'), Reply(503), Reply(is_cut=True), rest_of) as server:
        assert read_whole(server.url) == CONTENT


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, CONTENT, {"ETag": '"v2"'}),
        Reply(206, b"x", {"Content-Range": f"bytes 999-{len(CONTENT) - 1}/{len(CONTENT)}"}),
        Reply(206, b"x", {"Content-Range": f"bytes 1000-1000/{len(CONTENT)}"}),
    ],
)
def test_a_file_that_is_another_by_now_is_not_put_together_of_both(answer: Reply) -> None:
    with (
        serving(first_part(1000, ETag='"v1"'), answer) as server,
        pytest.raises(OSError, match="broke off"),
    ):
        read_whole(server.url)


def test_a_server_that_never_gets_on_is_not_asked_for_ever() -> None:
    with (
        serving(first_part(1000, ETag='"v1"'), Reply(503)) as server,
        pytest.raises(OSError, match="broke off"),
    ):
        read_whole(server.url)

    assert len(server.asked) == 6


def test_a_server_that_takes_no_ranges_is_not_asked_for_one() -> None:
    with (
        serving(first_part(1000, ETag='"v1"', **{"Accept-Ranges": "none"})) as server,
        pytest.raises(OSError, match="broke off"),
    ):
        read_whole(server.url)

    assert len(server.asked) == 1


def test_a_file_that_is_gone_when_it_breaks_off_says_so() -> None:
    with serving(first_part(1000, ETag='"v1"'), Reply(404)) as server, pytest.raises(NotFound):
        read_whole(server.url)


def test_a_range_that_nobody_asked_for_is_no_file() -> None:
    with serving(Reply(206, b"x")) as server:
        assert isinstance(failure(server.url), Unavailable)


def test_the_first_bytes_can_be_looked_at_and_are_read_all_the_same() -> None:
    with serving(Reply(200, CONTENT)) as server:
        download = opened(server.url)

        assert download.peek(4096) == CONTENT[:4096]
        assert download.read(10) == CONTENT[:10]
        assert download.read() == CONTENT[10:]


def test_a_short_file_can_be_looked_at_whole() -> None:
    with serving(Reply(200, b"ab")) as server:
        download = opened(server.url)

        assert (download.peek(4096), len(download), download.read(), download.read(1)) == (
            b"ab",
            2,
            b"ab",
            b"",
        )


def test_a_file_that_says_it_is_too_large_is_not_read() -> None:
    with serving(Reply(200, pieces(b"x"), {"Content-Length": str(MOST_BYTES + 1)})) as server:
        error = failure(server.url)

    assert isinstance(error, RuleViolation)
    assert "larger than 2048 MB" in error.detail


def test_a_file_whose_time_is_over_while_it_is_read_stops() -> None:
    clock = Clock()
    operation, _ = an_operation(10, clock)
    with serving(Reply(200, CONTENT)) as server:
        download = open_download(server.url, operation, Transport(allow_local=True))
        download.read(10)
        clock.now += 10
        with pytest.raises(TimeSpent):
            download.read(10)


@pytest.mark.parametrize(
    "inner", ["https://127.0.0.1/x", "https://[::ffff:10.0.0.1]/x", "http://files.example/x"]
)
def test_a_redirect_to_an_inner_address_is_not_followed(inner: str) -> None:
    # The first answer is made up: no public address can be called here. The second request is a real one.
    redirect = requests.Response()
    redirect.status_code = 302
    redirect.headers["Location"] = inner
    redirect.raw = io.BytesIO()

    class RedirectedTransport(Transport):
        def send(self, method: str, url: str, **arguments: Any) -> requests.Response:
            if url.startswith("https://fabrikam.aha.io/"):
                return redirect
            return super().send(method, url, **arguments)

    operation, _ = an_operation()
    with pytest.raises(NotFound, match="not fetched"):
        open_download(
            "https://fabrikam.aha.io/attachments/41", operation, RedirectedTransport(allow_local=False)
        )


def test_a_file_of_unknown_length_that_breaks_off_is_a_failure_of_this_file_alone() -> None:
    with serving(Reply(200, broken_off(b"x" * 100))) as server:
        error = failure(server.url)

    assert isinstance(error, Unavailable)


def test_when_the_time_is_over_nothing_is_fetched() -> None:
    operation, _ = an_operation(0.5)
    with serving(Reply(200, b"x")) as server, pytest.raises(TimeSpent):
        open_download(server.url, operation, Transport(allow_local=True))

    assert server.asked == []


def test_the_log_shows_no_key_of_any_address() -> None:
    operation, log = an_operation()
    with (
        serving(Reply(200, b"x")) as storage,
        serving(Reply(302, b"", {"Location": f"{storage.url}/S3cret/f?X-Sig=S3cret"})) as aha,
    ):
        open_download(
            f"{aha.url}/attachments/41/token/S3cret.png?k=S3cret", operation, Transport(allow_local=True)
        )
    operation.log.flush()

    assert len(log.of("download.request")) == 2
    assert "S3cret" not in str(log)
