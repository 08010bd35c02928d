"""Files on their way into Azure DevOps."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest

from shared.clients import attachment_uploads
from shared.clients.attachment_uploads import AttachmentUploads, NewFile
from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.errors import OperationFailed, RuleViolation, TimeSpent, Unavailable
from tests.unit.operations import Clock, an_operation
from tests.unit.scripted_server import Asked, Reply, ScriptedServer, serving

REFERENCE = {
    "id": "0f1e2d3c",
    "url": "https://dev.azure.com/fabrikam/_apis/wit/attachments/0f1e2d3c?fileName=a.bin",
}
STARTED = Reply(201, REFERENCE)
DONE = Reply(200, REFERENCE)
REFUSED = Reply(400, {"message": "The chunk does not follow.", "typeKey": "InvalidAttachmentChunkException"})
TOO_LARGE = Reply(
    400, {"message": "TF237082: The file exceeds the size (60.000 MB(s)).", "typeKey": "TooLarge"}
)
CONTENT = bytes(range(250))
RANGES = ["bytes 0-99/250", "bytes 100-199/250", "bytes 200-249/250"]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment_uploads, "CHUNK_BYTES", 100)


@dataclass
class Content(io.BytesIO):
    """A file that comes in small pieces."""

    content: bytes = CONTENT
    opened: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.content)

    def __len__(self) -> int:
        return len(self.content)

    def read(self, size: int | None = -1) -> bytes:
        """At most 30 bytes."""
        return super().read(30 if size is None or size < 0 else min(size, 30))


def uploads_to(
    url: str, seconds: float = 60, clock: Clock | None = None
) -> tuple[AttachmentUploads, NewFile]:
    """The uploads of an organization there, and a file for it."""
    clock = clock or Clock()
    operation, _ = an_operation(seconds, clock)
    azure_devops = AzureDevOps(
        base_url=url,
        account_name="fabrikam",
        authorization=lambda: "Basic eA==",
        operation=operation,
        process_state=ProcessState(allow_local=True),
        sleep=clock.sleep,
    )
    file = NewFile("Fabrikam Fiber", "Fabrikam Fiber\\Web", "a & b.bin", operation.deadline)
    return azure_devops.uploads, file


def in_chunks(server: ScriptedServer) -> str:
    """Upload CONTENT chunk by chunk."""
    uploads, file = uploads_to(server.url)
    return uploads.send_in_chunks(file, Content())


def put_ranges(server: ScriptedServer) -> list[str]:
    return [asked.headers["content-range"] for asked in server.asked if asked.method == "PUT"]


def received(server: ScriptedServer) -> bytes:
    """What the server has, a repeated chunk taken once."""
    chunks = {asked.headers["content-range"]: asked.body for asked in server.asked if asked.method == "PUT"}
    return b"".join(chunks.values())


def test_a_file_is_sent_in_one_request() -> None:
    with serving(STARTED) as server:
        uploads, file = uploads_to(server.url)

        assert uploads.send_whole(file, Content) == REFERENCE["url"]

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/fabrikam/Fabrikam Fiber/_apis/wit/attachments")
    assert "fileName=a%20%26%20b.bin" in asked.query
    assert "areaPath=Fabrikam%20Fiber%5CWeb" in asked.query
    assert (asked.body, asked.headers["content-length"]) == (CONTENT, "250")
    assert asked.headers["content-type"] == "application/octet-stream"


def test_a_file_is_opened_anew_for_each_attempt() -> None:
    with serving(Reply(503), STARTED) as server:
        uploads, file = uploads_to(server.url)
        uploads.send_whole(file, Content)

    assert [asked.body for asked in server.asked] == [CONTENT, CONTENT]


def test_a_large_file_is_sent_chunk_by_chunk() -> None:
    with serving(STARTED, DONE) as server:
        assert in_chunks(server) == REFERENCE["url"]

    start, *chunks = server.asked
    assert (start.method, start.body, "uploadType=chunked" in start.query) == ("POST", b"", True)
    assert {asked.path for asked in chunks} == {"/fabrikam/Fabrikam Fiber/_apis/wit/attachments/0f1e2d3c"}
    assert all("uploadType=chunked" in asked.query for asked in chunks)
    assert put_ranges(server) == RANGES
    assert received(server) == CONTENT


@pytest.mark.parametrize("fault", [Reply(503), Reply(500), Reply(429), Reply(is_cut=True)])
def test_a_chunk_that_is_lost_is_repeated_and_not_the_file(fault: Reply) -> None:
    with serving(STARTED, DONE, fault, DONE) as server:
        in_chunks(server)

    assert put_ranges(server) == [RANGES[0], RANGES[1], RANGES[1], RANGES[2]]
    assert received(server) == CONTENT
    assert [asked.method for asked in server.asked].count("POST") == 1


def test_a_chunk_whose_answer_alone_was_lost_is_not_wanted_twice() -> None:
    with serving(STARTED, DONE, Reply(is_cut=True), REFUSED, DONE) as server:
        assert in_chunks(server) == REFERENCE["url"]

    assert put_ranges(server) == [RANGES[0], RANGES[1], RANGES[1], RANGES[2]]


def test_a_chunk_that_never_came_through_lets_the_next_one_be_refused() -> None:
    with serving(STARTED, DONE, Reply(is_cut=True), REFUSED, REFUSED) as server, pytest.raises(RuleViolation):
        in_chunks(server)


@pytest.mark.parametrize("answer", [REFUSED, TOO_LARGE])
def test_a_chunk_that_is_refused_ends_the_upload(answer: Reply) -> None:
    with serving(STARTED, answer) as server, pytest.raises(RuleViolation):
        in_chunks(server)

    assert put_ranges(server) == RANGES[:1]


def test_a_file_that_is_too_large_is_told_with_the_limit() -> None:
    with serving(STARTED, TOO_LARGE) as server, pytest.raises(RuleViolation) as caught:
        in_chunks(server)

    assert "larger than the organization allows" in caught.value.detail
    assert "60.000 MB" in caught.value.detail


def test_a_chunk_that_is_lost_again_and_again_gives_the_file_up() -> None:
    with serving(STARTED, Reply(503)) as server, pytest.raises(Unavailable):
        in_chunks(server)

    assert len(put_ranges(server)) == 4


def test_no_chunk_is_sent_when_the_time_is_over() -> None:
    clock = Clock()

    def started(asked: Asked) -> Reply:
        clock.now += 60
        return STARTED

    with serving(started, DONE) as server:
        uploads, file = uploads_to(server.url, 60, clock)
        with pytest.raises(TimeSpent):
            uploads.send_in_chunks(file, Content())

    assert put_ranges(server) == []


@pytest.mark.parametrize("body", [{}, {"id": "7"}, {"url": "https://x/7"}, {"id": 7, "url": "x"}, []])
def test_an_answer_without_an_address_is_no_upload(body: object) -> None:
    with serving(Reply(201, body)) as server:
        uploads, file = uploads_to(server.url)
        with pytest.raises(OperationFailed):
            uploads.send_whole(file, Content)
