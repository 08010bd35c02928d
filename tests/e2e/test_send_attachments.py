"""Attachments: each once, failures alone, and not one request more than needed."""

from __future__ import annotations

import hashlib

import pytest

from local.aha.file_content import FileContent, GeneratedContent
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene, Sent


def send_sample(scene: Scene, reference: str = "PROD-2", event: str = "create_feature") -> Sent:
    return scene.send(scene.aha.event(reference, event)["feature"], event)


def stored(scene: Scene, work_item_id: int) -> list[Json]:
    """The files that Azure DevOps keeps for a work item, each with name and size."""
    listed = scene.azure_devops.control("GET", "/attachments")["attachments"]
    return [file for file in listed if work_item_id in file["work_items"]]


def digest_of(content: FileContent) -> str:
    """The digest of a file that the sandbox Aha! makes up while it is read."""
    digest = hashlib.sha256()
    for piece in content.pieces(0, content.size):
        digest.update(piece)
    return digest.hexdigest()


@pytest.mark.contract
def test_files_of_records_and_of_their_descriptions_are_uploaded_and_attached(scene: Scene) -> None:
    sent = send_sample(scene, "PROD-1")

    assert scene.file_names(sent.ids[0]) == ["acceptance criteria.txt", "card.png", "checkout.png"]
    by_reference = {part["reference_num"]: part["work_item"]["id"] for part in sent.requirements}
    assert scene.file_names(by_reference["PROD-1-1"]) == ["test-cards.csv"]
    assert set(sent.files.values()) == {"uploaded"}
    contents = {file["name"]: file["size"] for file in stored(scene, sent.ids[0])}
    assert contents["acceptance criteria.txt"] == len(
        "Given a full basket\nWhen the card is accepted\nThen we ship\n"
    )


def test_an_attachment_costs_one_request_and_its_relation_none(scene: Scene) -> None:
    sent = send_sample(scene, "PROD-1")

    assert len(scene.uploads()) == 4
    assert [request["path"].rsplit("/", 1)[-1] for request in scene.writes()] == ["$batch"]
    assert sent.body["azure_devops_requests"] == len(scene.requests()) == 5


def test_sending_again_uploads_nothing(scene: Scene) -> None:
    first = send_sample(scene, "PROD-1")

    again = send_sample(scene, "PROD-1", "update_feature")

    assert again.actions == ["unchanged"] * 4
    assert again.files == dict.fromkeys(first.files, "unchanged")
    assert len(scene.requests()) == 1


def test_a_new_attachment_is_added_to_the_work_item_that_exists(scene: Scene) -> None:
    first = send_sample(scene, "PROD-4")
    new = scene.attach("PROD-4", "logo.svg")

    sent = send_sample(scene, "PROD-4", "update_feature")

    assert sent.actions == ["updated"]
    assert sent.files == {**dict.fromkeys(first.files, "unchanged"), new: "uploaded"}
    assert scene.file_names(first.ids[0]) == ["invoice.txt", "invoice.txt", "logo.svg"]
    assert [len(scene.uploads()), len(scene.requests())] == [1, 3]


def test_two_different_files_of_one_name_both_arrive(scene: Scene) -> None:
    sent = send_sample(scene, "PROD-4")

    assert scene.file_names(sent.ids[0]) == ["invoice.txt", "invoice.txt"]
    assert len({file["sha256"] for file in stored(scene, sent.ids[0])}) == 2


@pytest.mark.parametrize("behaviour", ["purged", "access_denied", "expired"])
def test_a_file_that_is_gone_fails_alone_and_sending_again_tries_only_that_one(
    scene: Scene, behaviour: str
) -> None:
    gone = scene.attach("PROD-4", "gone.pdf", behaviour=behaviour)

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, sent.body["status"], sent.actions) == (207, "partial", ["created"])
    assert sorted(sent.files.values()) == ["failed", "uploaded", "uploaded"]
    (failed,) = [file for file in sent.feature["attachments"] if file["id"] == gone]
    assert failed["error"]["detail"]
    assert scene.file_names(sent.ids[0]) == ["invoice.txt", "invoice.txt"]

    again = send_sample(scene, "PROD-4", "update_feature")
    assert (again.status, again.files[gone]) == (207, "failed")
    assert again.actions == ["unchanged"]
    assert scene.writes() == []

    scene.aha.control("PUT", f"/attachments/{gone}", {"behaviour": "ok"})
    last = send_sample(scene, "PROD-4", "update_feature")
    assert (last.status, last.actions, last.files[gone]) == (200, ["updated"], "uploaded")
    assert len(scene.uploads()) == 1
    assert scene.file_names(sent.ids[0]) == ["gone.pdf", "invoice.txt", "invoice.txt"]


def test_a_download_that_breaks_off_goes_on_where_it_stopped(scene: Scene) -> None:
    broken = scene.attach("PROD-4", "big.bin", size=300_000, behaviour="cut_after:100000")

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, sent.files[broken]) == (201, "uploaded")
    (big,) = [file for file in stored(scene, sent.ids[0]) if file["name"] == "big.bin"]
    assert (big["size"], big["sha256"]) == (300_000, digest_of(GeneratedContent(300_000)))
    (upload,) = [item for item in scene.uploads() if "big.bin" in item["query"]]
    assert upload["status"] == 201
    ranges = [item["headers"].get("range") for item in scene.aha.requests() if "/storage/" in item["path"]]
    assert [item for item in ranges if item] == ["bytes=100000-", "bytes=200000-"]


def test_a_download_that_breaks_off_for_good_does_not_become_half_a_file(scene: Scene) -> None:
    scene.aha.control("PUT", "/behaviour", {"ranges": False})
    broken = scene.attach("PROD-4", "big.bin", size=300_000, behaviour="cut_after:100000")

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, sent.files[broken]) == (207, "failed")
    assert scene.file_names(sent.ids[0]) == ["invoice.txt", "invoice.txt"]
    scene.aha.control("PUT", f"/attachments/{broken}", {"behaviour": "ok"})
    assert send_sample(scene, "PROD-4", "update_feature").files[broken] == "uploaded"
    sizes = {file["name"]: file["size"] for file in stored(scene, sent.ids[0])}
    assert sizes["big.bin"] == 300_000


@pytest.mark.parametrize("by_redirect", [True, False])
def test_files_are_fetched_with_or_without_a_redirect_and_without_credentials(
    scene: Scene, by_redirect: bool
) -> None:
    scene.aha.control("PUT", "/behaviour", {"attachments_by_redirect": by_redirect})

    sent = send_sample(scene, "PROD-4")

    assert set(sent.files.values()) == {"uploaded"}
    downloads = [item for item in scene.aha.requests() if "/attachments/" in item["path"]]
    assert downloads
    assert not any("authorization" in item["headers"] for item in downloads)


def test_a_redirect_to_an_address_that_is_no_file_fails_alone(scene: Scene) -> None:
    lost = scene.attach("PROD-4", "lost.txt", redirect_to=f"{scene.aha.account_url}/nowhere")
    circle = scene.attach("PROD-4", "circle.txt")
    url = scene.aha.event("PROD-4")["feature"]["attachments"][-1]["download_url"]
    scene.aha.control("PUT", f"/attachments/{circle}", {"redirect_to": url})

    sent = send_sample(scene, "PROD-4")

    assert sent.status == 207
    assert (sent.files[lost], sent.files[circle]) == ("failed", "failed")
    assert sorted(sent.files.values()).count("uploaded") == 2


def test_an_address_that_may_not_be_fetched_fails_alone(scene: Scene) -> None:
    event = scene.aha.event("PROD-4")["feature"]
    urls = ["", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[", "http://u:p@127.0.0.1/"]
    event["attachments"] += [
        event["attachments"][0] | {"id": url or "none", "download_url": url} for url in urls
    ]

    sent = scene.send(event)

    assert (sent.status, sent.actions) == (207, ["created"])
    assert list(sent.files.values()) == ["uploaded"] * 2 + ["failed"] * 5


def test_a_file_that_azure_devops_finds_too_large_fails_alone(scene: Scene) -> None:
    scene.azure_devops.control("PUT", "/limits", {"attachment_bytes": 1000, "simple_upload_bytes": 1000})
    large = scene.attach("PROD-4", "large.bin", size=5000)

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, sent.actions, sent.files[large]) == (207, ["created"], "failed")
    assert scene.file_names(sent.ids[0]) == ["invoice.txt", "invoice.txt"]


def test_file_names_of_any_kind_arrive(scene: Scene) -> None:
    names = {
        "Résumé – final.pdf": "Résumé – final.pdf",
        "a&b=c?d#e%.txt": "a&b=c_d#e%.txt",
        "日本語 📎.png": "日本語 📎.png",
        "../../etc/passwd": "passwd",
        "x" * 250: "x" * 250,
        "Screenshot 12:30.png": "Screenshot 12_30.png",
        "<draft>|*.txt": "_draft___.txt",
        "...": "_",
    }
    for name in names:
        scene.attach("PROD-2", name)

    sent = send_sample(scene)

    assert set(sent.files.values()) == {"uploaded"}
    assert scene.file_names(sent.ids[0]) == sorted(names.values())


def test_an_empty_file_arrives(scene: Scene) -> None:
    scene.attach("PROD-2", "empty.txt", size=0)

    sent = send_sample(scene)

    assert set(sent.files.values()) == {"uploaded"}
    assert [file["size"] for file in stored(scene, sent.ids[0])] == [0]


@pytest.mark.parametrize("fault", [{"status": 503}, {"cut": "before"}, {"cut": "after"}])
def test_an_upload_that_fails_for_a_moment_is_repeated(scene: Scene, fault: Json) -> None:
    scene.azure_devops.add_fault(method="POST", path="/attachments", **fault)

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, set(sent.files.values())) == (201, {"uploaded"})
    assert scene.file_names(sent.ids[0]) == ["invoice.txt", "invoice.txt"]
    assert len({file["sha256"] for file in stored(scene, sent.ids[0])}) == 2


def test_a_file_that_is_on_the_work_item_already_is_taken_for_the_attachment(scene: Scene) -> None:
    event = scene.aha.event("PROD-4")["feature"]
    (number,) = scene.send(event).ids
    fields = [{"name": "id", "value": str(number), "service_name": "vsts"}]

    # Another integration of the same project: it knows nothing of what the first one sent.
    made = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Feature"})["ids"][0]
    for relation in scene.relations(number, "AttachedFile"):
        scene.edit(made, [{"op": "add", "path": "/relations/-", "value": relation}])
    fields[0]["value"] = str(made)
    sent = scene.send(event | {"id": "another", "integration_fields": fields})

    assert set(sent.files.values()) == {"unchanged"}
    assert scene.uploads() == []
    assert len(scene.relations(made, "AttachedFile")) == 2


@pytest.mark.parametrize(
    "location",
    ["/Z\u00fcrich.pdf", "http://[", "https://h:99999999999/x", "http://" + "x" * 70 + ".example/"],
    ids=["Latin-1", "no host", "no port", "no host name"],
)
def test_a_file_whose_address_leads_nowhere_fails_alone(scene: Scene, location: str) -> None:
    lost = scene.attach("PROD-4", "lost.pdf")
    scene.aha.add_fault(path=f"/attachments/{lost}/", status=302, headers={"Location": location}, times=None)

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, sent.actions, sent.files[lost]) == (207, ["created"], "failed")
    assert sorted(sent.files.values()) == ["failed", "uploaded", "uploaded"]


SIGN_IN_PAGE = "<!DOCTYPE html><html><body><form>Sign in to see the file</form></body></html>"


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/pdf"])
def test_a_sign_in_page_is_not_attached_as_the_file(scene: Scene, content_type: str) -> None:
    plan = scene.attach("PROD-4", "plan.pdf", content_type="application/pdf")
    scene.aha.add_fault(
        path=f"/{plan}/",
        status=200,
        body=SIGN_IN_PAGE,
        headers={"Content-Type": content_type},
        times=None,
    )

    sent = send_sample(scene, "PROD-4")

    assert (sent.status, sent.files[plan]) == (207, "failed")
    (failed,) = [file for file in sent.feature["attachments"] if file["id"] == plan]
    assert failed["error"]["code"] == "aha_rule_violation"
    assert "web page" in failed["error"]["detail"]
    assert scene.file_names(sent.ids[0]) == ["invoice.txt", "invoice.txt"]


def test_a_file_that_is_a_web_page_is_attached(scene: Scene) -> None:
    page = scene.attach("PROD-4", "page.html", content_type="text/html", content=SIGN_IN_PAGE)

    sent = send_sample(scene, "PROD-4")

    assert sent.files[page] == "uploaded"
