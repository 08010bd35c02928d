"""Descriptions that engineers keep in Markdown: HTML in Aha!, never sent back as a change, HTML after a send."""

from __future__ import annotations

import re

import pytest

from tests.e2e.sending_scene import DESCRIPTION, Scene, Sent

REFERENCE = "PROD-2"
UPLOAD = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e107"
FORMAT = "/multilineFieldsFormat/System.Description"


def send(scene: Scene, event: str = "create_feature") -> Sent:
    return scene.send(scene.aha.event(REFERENCE, event)["feature"], event)


def write_markdown(scene: Scene, work_item_id: int, source: str) -> None:
    """An engineer switches the description to Markdown, or edits it there."""
    document = [
        {"op": "add", "path": "/fields/System.Description", "value": source},
        {"op": "add", "path": FORMAT, "value": "Markdown"},
    ]
    scene.edit(work_item_id, document)


def receive(scene: Scene) -> list[str]:
    return [answer["result"] for answer in scene.deliver()]


def in_aha(scene: Scene) -> str:
    return str(scene.aha.feature(REFERENCE)["description"]["body"])


def format_of(scene: Scene, work_item_id: int) -> str | None:
    """The format of the description as Azure DevOps names it."""
    answer = scene.azure_devops.get(
        f"/_apis/wit/workitems/{work_item_id}", params={"api-version": "7.2-preview"}
    )
    formats: dict[str, str] = answer.json().get("multilineFieldsFormat", {})
    return formats.get(DESCRIPTION)


CONSTRUCTS = {
    "headings and emphasis": ("## Heading **bold** _slanted_", ["<h2>", "bold</", "slanted</"]),
    "strikethrough": ("~~gone~~", ["<del>gone</del>"]),
    "a table": ("| a | b |\n|---|--:|\n| 1 | 2 |", ["<table", "<th>a</th>", "text-align: right;", ">2</td>"]),
    "a task list": (
        "- [ ] open\n- [x] done",
        ['<ul class="checklist">', 'class="checklist-item--checked"', "☐</span> open", "☑</span> done"],
    ),
    "lists": ("1. one\n   - two", ["<ol><li>one<ul><li>two</li></ul></li></ol>"]),
    "code": ("```py\na < b\n```\n`c`", ["<pre><code", "a &lt; b", "<code>c</code>"]),
    "an image with a size": (
        "![plan](https://x.example/plan.png =300x200)",
        ['src="https://x.example/plan.png"', 'width="300"', 'height="200"'],
    ),
    "an image with a width": ("![](https://x.example/plan.png =300x)", ['width="300"']),
    "an image with a height": ("![](https://x.example/plan.png =x200)", ['height="200"']),
    "HTML": ("<u>under</u>\n\n<script>alert(1)</script>", ["<u>under</u>"]),
    "a link": (
        "[a](https://x.example/) https://y.example",
        ['href="https://x.example/"', 'href="https://y.example"'],
    ),
}


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_markdown_arrives_as_html_and_nothing_comes_back(scene: Scene, construct: str) -> None:
    source, expected = CONSTRUCTS[construct]
    sent = send(scene)

    write_markdown(scene, sent.ids[0], source)

    assert receive(scene) == ["updated"]
    html = in_aha(scene)
    assert [part for part in expected if part not in html] == [], html
    assert "script" not in html
    assert send(scene, "update_feature").actions == ["unchanged"]
    assert (scene.value(sent.ids[0], DESCRIPTION), scene.writes()) == (source, [])
    assert receive(scene) == []
    scene.edit(sent.ids[0], title="Another title")
    assert receive(scene) == ["updated"]
    (write,) = scene.aha_requests("PUT")
    assert "description" not in write["body"]
    assert in_aha(scene) == html
    assert format_of(scene, sent.ids[0]) == "markdown"


def test_an_edit_of_markdown_is_a_change(scene: Scene) -> None:
    sent = send(scene)
    write_markdown(scene, sent.ids[0], "One **word**")
    receive(scene)

    scene.edit(sent.ids[0], description="One _word_")

    assert receive(scene) == ["updated"]
    assert re.fullmatch(r"<p>One <(em|i)>word</\1></p>", in_aha(scene))


def test_a_description_that_is_sent_becomes_html_and_is_told_so(scene: Scene) -> None:
    sent = send(scene)
    write_markdown(scene, sent.ids[0], "- [x] done")
    receive(scene)
    scene.aha.edit(REFERENCE, description=in_aha(scene) + "<p>Thanks.</p>")

    assert send(scene, "update_feature").actions == ["updated"]

    assert format_of(scene, sent.ids[0]) == "html"
    description = str(scene.value(sent.ids[0], DESCRIPTION))
    assert "☑</span> done" in description
    assert "<p>Thanks.</p>" in description
    assert receive(scene) == ["unchanged"]
    assert send(scene, "update_feature").actions == ["unchanged"]


def test_a_description_that_was_emptied_in_markdown_is_filled_as_html(scene: Scene) -> None:
    sent = send(scene)
    write_markdown(scene, sent.ids[0], "# A")
    scene.edit(sent.ids[0], description="")
    receive(scene)
    assert in_aha(scene) == ""
    scene.aha.edit(REFERENCE, description="<p>Filled</p>")

    assert send(scene, "update_feature").actions == ["updated"]

    assert (scene.value(sent.ids[0], DESCRIPTION), format_of(scene, sent.ids[0])) == ("<p>Filled</p>", "html")


def test_an_image_pasted_into_markdown_is_a_link_in_aha_and_an_image_again(scene: Scene) -> None:
    sent = send(scene)
    url = f"{scene.azure_devops.url}/Fabrikam/_apis/wit/attachments/{UPLOAD}?fileName=shot.png"
    write_markdown(scene, sent.ids[0], f"See ![shot]({url} =300x200).")

    assert receive(scene) == ["updated"]

    html = in_aha(scene)
    assert ">image in Azure DevOps: shot.png</a>" in html
    assert "<img" not in html
    assert send(scene, "update_feature").actions == ["unchanged"]
    scene.aha.edit(REFERENCE, description=html + "<p>Thanks.</p>")
    assert send(scene, "update_feature").actions == ["updated"]
    image = f'<img src="{url}" alt="shot" width="300" height="200">'
    assert scene.value(sent.ids[0], DESCRIPTION) == f"<p>See {image}.</p><p>Thanks.</p>"
    assert receive(scene) == ["unchanged"]


def test_an_image_of_aha_in_markdown_is_the_one_in_aha(scene: Scene) -> None:
    image = scene.attach(
        REFERENCE,
        "drawing.svg",
        content='<svg xmlns="http://www.w3.org/2000/svg"/>',
        inline=True,
        listed=False,
        where="description",
    )
    sent = send(scene)
    (source,) = re.findall(r'<img[^>]* src="([^"]*)"', str(scene.value(sent.ids[0], DESCRIPTION)))

    write_markdown(scene, sent.ids[0], f"![drawing]({source.replace('&amp;', '&')} =30x)")

    assert receive(scene) == ["updated"]
    assert f"/attachments/{image}/token/" in in_aha(scene)
    assert "_apis/wit/attachments" not in in_aha(scene)
    assert send(scene, "update_feature").actions == ["unchanged"]


def test_markdown_that_is_too_long_is_shown_as_it_is_written_and_told(scene: Scene) -> None:
    sent = send(scene)

    write_markdown(scene, sent.ids[0], "# A\n\n" + "word " * 20_001)

    assert receive(scene) == ["updated"]
    assert in_aha(scene).startswith("<p># A</p>")
    (entry,) = scene.log("record.markdown-left")
    assert entry["level"] == "warning"
    assert entry["detail"]["characters"] > 100_000
    assert send(scene, "update_feature").actions == ["unchanged"]
