"""Images in descriptions: uploaded, shown from there, and in Aha! still those of Aha!."""

from __future__ import annotations

import re
from html import escape

import pytest

from tests.e2e.sending_payloads import Json, described
from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene, Sent

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="{}"/></svg>'
REFERENCE = "PROD-2"
GUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e107"


def paste(scene: Scene, number: int = 1, reference: str = REFERENCE, **keys: object) -> str:
    """A product manager pastes an image into a description; answers the attachment's id."""
    given = {"content": SVG.format(number), "inline": True, "listed": False, "where": "description"}
    return scene.attach(reference, f"drawing {number}.svg", **{**given, **keys})


def send(scene: Scene, event: str = "create_feature") -> Sent:
    return scene.send(scene.aha.event(REFERENCE, event)["feature"], event)


def sources(html: str) -> list[str]:
    """The addresses of a description's images."""
    return [address.replace("&amp;", "&") for address in re.findall(r'<img[^>]* src="([^"]*)"', html)]


def description(scene: Scene, work_item_id: int) -> str:
    return str(scene.value(work_item_id, DESCRIPTION) or "")


def in_aha(scene: Scene) -> str:
    return str(scene.aha.feature(REFERENCE)["description"]["body"])


def receive(scene: Scene) -> list[str]:
    """Notifications are delivered; what became of them."""
    return [answer["result"] for answer in scene.deliver()]


def uploaded_ids(scene: Scene, work_item_id: int) -> list[str]:
    """The uploads that belong to a work item."""
    relations = scene.relations(work_item_id, "AttachedFile")
    return [relation["url"].rsplit("/", 1)[-1] for relation in relations]


@pytest.mark.parametrize("listed", [False, True])
def test_an_image_is_uploaded_once_and_shown_from_there(scene: Scene, listed: bool) -> None:
    image = paste(scene, listed=listed)

    sent = send(scene)

    assert (sent.status, sent.files) == (201, {image: "uploaded"})
    (source,) = sources(description(scene, sent.ids[0]))
    (upload,) = uploaded_ids(scene, sent.ids[0])
    assert upload in source
    assert scene.azure_devops.get(source).text == SVG.format(1)
    name = "drawing 1.svg" if listed else f"image-{image}.svg"
    assert scene.file_names(sent.ids[0]) == [name]
    again = send(scene, "update_feature")
    assert (again.actions, again.files) == (["unchanged"], {image: "unchanged"})
    assert len(scene.requests()) == 1


def test_all_but_the_image_is_as_it_was_and_other_images_stay(scene: Scene) -> None:
    image = paste(scene)
    feature = scene.aha.event(REFERENCE)["feature"]
    own = feature["description"]["body"]
    others = (
        '<p><img src="https://elsewhere.example/attachments/5/token/x.png">'
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
        '<img class="emoticon" src="https://fabrikam.aha.io/images/emoticons/smile.png"></p>'
    )

    sent = scene.send(described(feature, own + others))

    assert sent.files == {image: "uploaded"}
    html = description(scene, sent.ids[0])
    assert others in html
    (upload,) = uploaded_ids(scene, sent.ids[0])
    assert [upload in source for source in sources(html)] == [True, False, False, False]


def test_a_new_token_in_aha_is_no_change(scene: Scene) -> None:
    image = paste(scene)
    sent = send(scene)
    scene.aha.control("PUT", f"/attachments/{image}", {"new_token": True})
    body = scene.aha.event(REFERENCE)["feature"]["description"]["body"]
    old, new = sources(in_aha(scene))[0], f"/attachments/{image}/token/renewed.download?size=large"
    feature = described(scene.aha.event(REFERENCE)["feature"], body.replace(old, scene.aha.account_url + new))

    again = scene.send(feature, "update_feature")

    assert again.actions == ["unchanged"]
    assert scene.item(sent.ids[0])["rev"] == 1


def test_an_image_comes_back_as_the_one_in_aha(scene: Scene) -> None:
    paste(scene)
    before = in_aha(scene)
    sent = send(scene)
    there = description(scene, sent.ids[0])

    scene.edit(sent.ids[0], description=there + "<p>Checked by Jamal.</p>")

    assert receive(scene) == ["updated"]
    assert in_aha(scene) == before + "<p>Checked by Jamal.</p>"
    assert "_apis/wit/attachments" not in in_aha(scene)
    assert send(scene, "update_feature").actions == ["unchanged"]
    assert receive(scene) == []


def test_an_edit_of_another_field_leaves_the_description_alone(scene: Scene) -> None:
    paste(scene)
    sent = send(scene)

    scene.edit(sent.ids[0], title="Another title")

    assert receive(scene) == ["updated"]
    (write,) = scene.aha_requests("PUT")
    assert "description" not in write["body"]


def upload_in_azure_devops(scene: Scene) -> str:
    """The address of an image that an engineer uploads."""
    answer = scene.azure_devops.post(
        "/Fabrikam/_apis/wit/attachments",
        data=b"\x89PNG\r\n\x1a\n",
        params={"fileName": "screen shot.png"},
        headers={"content-type": "application/octet-stream"},
    )
    return str(answer.json()["url"])


def paste_in_azure_devops(scene: Scene, work_item_id: int) -> str:
    """An engineer pastes an image; answers its tag."""
    tag = f'<img src="{upload_in_azure_devops(scene)}" alt="Image">'
    scene.edit(work_item_id, description=f"{description(scene, work_item_id)}<p>{tag}</p>")
    return tag


def test_an_image_pasted_in_azure_devops_is_a_link_in_aha_and_stays_an_image_there(scene: Scene) -> None:
    paste(scene)
    sent = send(scene)
    tag = paste_in_azure_devops(scene, sent.ids[0])

    assert receive(scene) == ["updated"]

    html = in_aha(scene)
    assert "image in Azure DevOps: screen shot.png</a>" in html
    assert sent.feature["work_item"]["url"] in html
    assert "_apis/wit/attachments" not in html
    (entry,) = scene.log("record.images-left")
    assert entry["detail"]["images"] == ["screen shot.png"]

    assert send(scene, "update_feature").actions == ["unchanged"]
    scene.aha.edit(REFERENCE, description=html + "<p>Thanks.</p>")
    assert send(scene, "update_feature").actions == ["updated"]
    assert tag in description(scene, sent.ids[0])
    assert receive(scene) == ["unchanged"]
    assert "image in Azure DevOps: screen shot.png</a>" in in_aha(scene)


def older_address(scene: Scene, url: str) -> str:
    """The address that an attachment has by the older handler, in the organization of the sandbox."""
    upload = url.partition("?")[0].rsplit("/", 1)[-1]
    handler = "/WorkItemTracking/v1.0/AttachFileHandler.ashx"
    return f"{scene.azure_devops.url}{handler}?FileNameGuid={upload}&FileName=shot.png"


OF_THE_ORGANIZATION = {
    "pull request": "https://dev.azure.com/fabrikam/Web/_apis/git/repositories/7/pullRequests/3/attachments/a.png",
    "wiki": "https://fabrikam.visualstudio.com/_apis/git/repositories/7/Items?path=/.attachments/a.png&x=1",
    "relative": f"/fabrikam/_apis/wit/attachments/{GUID}?fileName=a.png",
}


@pytest.mark.parametrize("kind", ["older address", *OF_THE_ORGANIZATION])
def test_an_image_of_the_organization_is_a_link_in_aha_whatever_its_path(scene: Scene, kind: str) -> None:
    sent = send(scene)
    url = OF_THE_ORGANIZATION.get(kind)
    if url is None:
        url = older_address(scene, upload_in_azure_devops(scene))
        assert scene.azure_devops.get(url).content.startswith(b"\x89PNG")
    tag = f'<img src="{escape(url)}" alt="Image">'
    scene.edit(sent.ids[0], description=f"<p>{tag}</p>")

    assert receive(scene) == ["updated"]

    html = in_aha(scene)
    assert "<img" not in html
    assert re.search(r">image in Azure DevOps: (a|shot)\.png</a>", html)
    assert send(scene, "update_feature").actions == ["unchanged"]
    scene.aha.edit(REFERENCE, description=html + "<p>Thanks.</p>")
    assert send(scene, "update_feature").actions == ["updated"]
    assert description(scene, sent.ids[0]) == f"<p>{tag}</p><p>Thanks.</p>"
    assert receive(scene) == ["unchanged"]


@pytest.mark.parametrize("organization", ["contoso", "fabrikam-evil"])
def test_an_image_of_another_organization_stays_an_image(scene: Scene, organization: str) -> None:
    sent = send(scene)
    tag = f'<img src="https://dev.azure.com/{organization}/_apis/wit/attachments/{GUID}">'
    scene.edit(sent.ids[0], description=f"<p>{tag}</p>")

    assert receive(scene) == ["updated"]

    assert in_aha(scene) == f"<p>{tag}</p>"


SIGN_IN_PAGE = "<!DOCTYPE html><html><title>Sign in</title></html>"


@pytest.mark.parametrize(
    "fault", [{"content": SIGN_IN_PAGE}, {"behaviour": "purged"}, {"behaviour": "expired"}]
)
def test_an_image_that_cannot_be_sent_stays_as_it_is_in_aha_and_the_next_send_mends_it(
    scene: Scene, fault: Json
) -> None:
    good, bad = paste(scene, 1), paste(scene, 2, **fault)

    sent = send(scene)

    assert (sent.status, sent.body["status"], sent.actions) == (207, "partial", ["created"])
    assert sent.files == {good: "uploaded", bad: "failed"}
    first, second = sources(description(scene, sent.ids[0]))
    assert "_apis/wit/attachments" in first
    assert f"/attachments/{bad}/token/" in second
    assert len(uploaded_ids(scene, sent.ids[0])) == 1

    again = send(scene, "update_feature")
    assert (again.status, again.actions, scene.writes()) == (207, ["unchanged"], [])
    assert scene.item(sent.ids[0])["rev"] == 1

    if "behaviour" in fault:
        scene.aha.control("PUT", f"/attachments/{bad}", {"behaviour": "ok"})
        last = send(scene, "update_feature")
        assert (last.status, last.actions) == (200, ["updated"])
        assert last.files == {good: "unchanged", bad: "uploaded"}
        assert all("_apis/wit/attachments" in source for source in sources(description(scene, sent.ids[0])))
        assert receive(scene) == ["unchanged"]


def test_the_reason_for_an_image_that_is_none_is_told(scene: Scene) -> None:
    paste(scene, content=SIGN_IN_PAGE)

    sent = send(scene)

    (failed,) = sent.feature["attachments"]
    assert failed["error"]["code"] == "aha_rule_violation"
    assert "web page instead of the file" in failed["error"]["detail"]


def test_an_image_that_comes_late_does_not_undo_an_engineers_edit(scene: Scene) -> None:
    image = paste(scene, behaviour="purged")
    sent = send(scene)
    scene.edit(sent.ids[0], description=description(scene, sent.ids[0]) + "<p>Edited.</p>")
    scene.aha.control("PUT", f"/attachments/{image}", {"behaviour": "ok"})

    assert send(scene, "update_feature").actions == ["updated"]

    html = description(scene, sent.ids[0])
    assert "<p>Edited.</p>" in html
    assert "_apis/wit/attachments" in sources(html)[0]
    assert "updated" in receive(scene)
    assert "<p>Edited.</p>" in in_aha(scene)
    assert f"/attachments/{image}/token/" in sources(in_aha(scene))[0]


def test_an_interrupted_send_finds_the_images_that_it_uploaded(scene: Scene) -> None:
    paste(scene)
    scene.azure_devops.add_fault(method="POST", path=r"/workitems/", cut="after", times=None)
    scene.azure_devops.add_fault(method="POST", path=r"/wiql", status=503, times=None)
    first = send(scene)
    assert first.status in (202, 207, 503)
    scene.azure_devops.clear_faults()
    scene.give_claims_up()

    sent = send(scene)

    assert sent.status == 200
    assert set(sent.files.values()) == {"unchanged"}
    assert scene.uploads() == []
    assert scene.item(sent.ids[0])["rev"] == 1
    assert len(scene.relations(sent.ids[0], "AttachedFile")) == 1


def test_a_work_item_that_is_created_anew_gets_its_images_anew(scene: Scene) -> None:
    image = paste(scene)
    sent = send(scene)
    scene.azure_devops.delete_work_item(sent.ids[0])

    again = send(scene, "update_feature")

    assert (again.actions, again.files) == (["created"], {image: "uploaded"})
    (upload,) = uploaded_ids(scene, again.ids[0])
    assert upload in sources(description(scene, again.ids[0]))[0]


def test_an_image_that_a_product_manager_removes_goes_from_the_description(scene: Scene) -> None:
    paste(scene)
    sent = send(scene)

    scene.aha.edit(REFERENCE, description="<p>No image.</p>")

    assert send(scene, "update_feature").actions == ["updated"]
    assert description(scene, sent.ids[0]) == "<p>No image.</p>"
    scene.edit(sent.ids[0], title="Another title")
    receive(scene)
    assert in_aha(scene) == "<p>No image.</p>"
    assert scene.value(sent.ids[0], TITLE) == "Another title"


def test_a_rehearsal_names_the_images(scene: Scene) -> None:
    image = paste(scene)

    sent = scene.send(scene.aha.event(REFERENCE)["feature"], dry_run="true")

    assert sent.files == {image: "uploaded"}
    assert scene.uploads() == []
