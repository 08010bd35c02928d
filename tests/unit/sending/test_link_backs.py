"""Links back that an operation writes into Aha!, and what it notes of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from time import sleep
from typing import Any

from shared.app import App
from shared.domain.integration import AhaTarget, LinkBack
from shared.domain.integration_fields import IntegrationField
from shared.domain.links import Link, WrittenBack
from shared.domain.records import Record
from shared.errors import LinkChanged
from shared.secret import Secret
from shared.sending.link_backs import LinkBacks
from shared.storage.link_rows import StoredLink
from tests.unit.examples import API_TOKEN, a_link, a_record, a_requirement, a_work_item, an_integration
from tests.unit.operations import Clock, Log, an_operation
from tests.unit.scripted_server import Asked, Reply, ScriptedServer, serving
from tests.unit.test_app import an_app

FEATURE, REQUIREMENT = replace(a_record(), integration_fields=()), a_requirement()
REFUSED = Reply(403, {"error": "You do not have permission to do this."})


class Links:
    """Keeps what is noted; `is_changed`: somebody else changed every link meanwhile."""

    def __init__(self) -> None:
        self.noted: dict[str, WrittenBack | None] = {}
        self.is_changed = False

    def replace(self, _integration_id: str, pairs: Sequence[tuple[StoredLink, Link]]) -> None:
        if self.is_changed:
            raise LinkChanged([link.aha_id for _, link in pairs])
        self.noted |= {link.aha_id: link.written_back for _, link in pairs}


def linked(record: Record, number: int = 174, **changes: Any) -> Link:
    """The record's link to a work item with a page."""
    item = a_work_item(
        id=number, page_url=f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{number}"
    )
    return a_link(record, item, **changes)


def write(
    server: ScriptedServer, *pairs: tuple[Record, Link], links: Links | None = None, **changes: Any
) -> tuple[Links, Log]:
    """Write the links back of records as one operation; `changes` are of the Aha! account in the configuration."""
    app, links = an_app(), links or Links()
    app.__dict__["links"] = links
    operation, log = an_operation()
    target = AhaTarget(server.url, Secret(API_TOKEN), LinkBack.ALL)
    with closing(LinkBacks(app, operation, an_integration(aha=replace(target, **changes)))) as link_backs:
        for record, link in pairs:
            link_backs.begin(record, link, is_new=link.written_back is None)
            link_backs.stored(StoredLink(link, "etag"))
    operation.log.flush()
    return links, log


def aha(*webhooks: str, fields: Reply | None = None) -> Callable[[Asked], Reply]:
    """Aha! of a product with these Integration webhooks."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            rows = [{"id": webhook, "service_name": "webhooks"} for webhook in webhooks]
            return Reply(200, {"integrations": rows})
        return fields or Reply(200, ["1", "2"])

    return answer


def test_several_records_ask_for_the_integration_once() -> None:
    requirements = [replace(REQUIREMENT, id=f"r{number}") for number in range(6)]
    with serving(aha("71")) as server:
        links, log = write(server, *((one, linked(one, 200 + n)) for n, one in enumerate(requirements)))

    assert [asked.method for asked in server.asked].count("GET") == 1
    assert links.noted["r3"] == WrittenBack("71", linked(requirements[3], 203).work_item_url)
    assert len(log.of("link-back.written")) == 1
    assert "and 3 more" in log.of("link-back.written")[0].message


def test_a_look_that_is_refused_is_not_repeated_for_each_record() -> None:
    with serving(REFUSED) as server:
        _, log = write(server, (FEATURE, linked(FEATURE)), (REQUIREMENT, linked(REQUIREMENT, 175)))

    assert len(server.asked) == 1
    assert len(log.of("link-back.failed")) == 1


def test_a_token_that_is_rejected_is_not_tried_for_each_record() -> None:
    requirements = [replace(REQUIREMENT, id=f"r{number}") for number in range(40)]
    with serving(Reply(401, {"error": "Unauthorized"})) as server:
        pairs = [(one, linked(one, 200 + number)) for number, one in enumerate(requirements)]
        write(server, *pairs, integration_id="71")

    assert len(server.asked) <= 8


def test_of_several_webhooks_none_is_chosen_by_chance() -> None:
    """The fields of another tool's webhook decide whether Aha!'s next press there is a create or an update."""
    with serving(aha("71", "72")) as server:
        links, log = write(server, (FEATURE, linked(FEATURE)))

    assert [asked.method for asked in server.asked] == ["GET"]
    assert links.noted == {}
    assert len(log.of("link-back.no-integration")) == 1


def test_an_integration_that_is_gone_is_looked_for_again() -> None:
    gone = Reply(404, {"error": "Record not found."})
    with serving(aha("71", fields=gone)) as server:
        app = an_app()
        target = AhaTarget(server.url, Secret(API_TOKEN))
        for _ in range(2):
            send(app, target)

    assert [asked.method for asked in server.asked] == ["GET", "POST", "GET", "POST"]


def send(app: App, target: AhaTarget) -> None:
    """One operation that writes the link back of the feature."""
    app.__dict__["links"] = Links()
    with closing(LinkBacks(app, an_operation()[0], an_integration(aha=target))) as link_backs:
        link_backs.begin(FEATURE, linked(FEATURE), is_new=True)


def test_a_note_that_proved_wrong_is_removed_if_it_cannot_be_made_right() -> None:
    link = linked(FEATURE)
    noted = replace(link, written_back=WrittenBack("71", link.work_item_url))
    shown = {"feature": {"id": FEATURE.id, "integration_fields": []}}
    with serving(Reply(200, shown), REFUSED) as server:
        links, _ = write(server, (FEATURE, noted), integration_id="71")

    assert [asked.method for asked in server.asked] == ["GET", "POST"]
    assert links.noted == {FEATURE.id: None}


@contextmanager
def a_send(server: ScriptedServer, links: Links, time: Clock) -> Iterator[LinkBacks]:
    """A send that may take five minutes and writes all links back."""
    app = an_app()
    app.__dict__["links"] = links
    target = AhaTarget(server.url, Secret(API_TOKEN), LinkBack.ALL)
    operation, _ = an_operation(300, time)
    with closing(LinkBacks(app, operation, an_integration(aha=target))) as link_backs:
        yield link_backs


def begin(link_backs: LinkBacks, record: Record, number: int) -> None:
    """Begin to write the link back of a record that was linked just now."""
    link = linked(record, number)
    link_backs.begin(record, link, is_new=True)
    link_backs.stored(StoredLink(link, "etag"))


def wait_for_requests(server: ScriptedServer, count: int) -> None:
    """Wait until so many requests have come."""
    while len(server.asked) < count:
        sleep(0.01)


def test_a_second_round_long_after_the_first_has_time_of_its_own() -> None:
    """Given a send whose files upload for some seconds between the two rounds."""
    time, links = Clock(), Links()
    with serving(aha("71")) as server, a_send(server, links, time) as link_backs:
        begin(link_backs, FEATURE, 174)
        wait_for_requests(server, 2)
        time.now += 11

        begin(link_backs, REQUIREMENT, 175)

    assert links.noted.keys() == {FEATURE.id, REQUIREMENT.id}


def test_what_is_not_begun_some_seconds_after_the_send_is_left_to_the_next_one() -> None:
    time, links = Clock(), Links()
    is_ending = threading.Event()

    def slow(asked: Asked) -> Reply:
        if asked.method == "POST":
            is_ending.wait(5)
            time.now += 6
        return aha("71")(asked)

    with serving(slow) as server, a_send(server, links, time) as link_backs:
        for number in range(20):
            begin(link_backs, replace(REQUIREMENT, id=f"r{number}"), 200 + number)
        is_ending.set()

    assert 0 < len(links.noted) < 20


def test_a_look_that_failed_is_repeated_for_a_record_of_a_later_round() -> None:
    time, links = Clock(), Links()
    unusable = Reply(200, {"integrations": None})
    with serving(unusable, aha("71")) as server, a_send(server, links, time) as link_backs:
        begin(link_backs, FEATURE, 174)
        wait_for_requests(server, 1)
        time.now += 11

        begin(link_backs, REQUIREMENT, 175)

    assert links.noted.keys() == {REQUIREMENT.id}


def test_a_link_that_somebody_changed_meanwhile_is_noted_by_the_next_send() -> None:
    links = Links()
    links.is_changed = True
    with serving(aha("71")) as server:
        _, log = write(server, (FEATURE, linked(FEATURE)), links=links)

    assert len(log.of("link-back.written")) == 1


def test_what_is_there_already_is_noted_without_a_word() -> None:
    link = linked(FEATURE)
    fields = (
        IntegrationField("1", "id", "174", "71", "webhooks"),
        IntegrationField("2", "url", link.work_item_url, "71", "webhooks"),
    )
    with serving(aha("71")) as server:
        links, log = write(server, (replace(FEATURE, integration_fields=fields), link), integration_id="71")

    assert server.asked == []
    assert links.noted == {FEATURE.id: WrittenBack("71", link.work_item_url)}
    assert list(log) == []


def test_nothing_is_asked_for_records_that_are_not_chosen() -> None:
    with serving(aha("71")) as server:
        write(server, (REQUIREMENT, linked(REQUIREMENT)), link_back=LinkBack.FEATURE)
        write(server, (FEATURE, linked(FEATURE)), link_back=LinkBack.NONE)
        write(server, (FEATURE, linked(FEATURE)), api_token=None)

    assert server.asked == []
