"""The JSON Patch documents that are sent to Azure DevOps, compared as a whole."""

from __future__ import annotations

from shared.domain.links import AttachedFile
from shared.domain.markers import Marker
from shared.domain.patches import create_document, update_document, with_parent, with_temporary_id

MARKER = Marker("https://fabrikam.aha.io/features/PROD-2", "Sent from Aha! by integration web, feature 7")
PICTURE = AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/9?fileName=a.png", "a.png", 2048)
PARENT_URL = "https://dev.azure.com/fabrikam/_apis/wit/workItems/-1"


def test_a_new_work_item_is_complete_in_one_document() -> None:
    document = create_document(
        title="Search by colour",
        description="<p>Colours</p>",
        description_field="System.Description",
        area_path="Fabrikam\\Web",
        default_fields={"Custom.Team": "Web", "Microsoft.VSTS.Common.Priority": 2, "Custom.Checked": False},
        marker=MARKER,
        files={"41": PICTURE},
    )

    assert document == [
        {"op": "add", "path": "/fields/System.Title", "value": "Search by colour"},
        {"op": "add", "path": "/fields/System.Description", "value": "<p>Colours</p>"},
        {"op": "add", "path": "/fields/System.AreaPath", "value": "Fabrikam\\Web"},
        {"op": "add", "path": "/fields/Custom.Team", "value": "Web"},
        {"op": "add", "path": "/fields/Microsoft.VSTS.Common.Priority", "value": 2},
        {"op": "add", "path": "/fields/Custom.Checked", "value": False},
        {
            "op": "add",
            "path": "/relations/-",
            "value": {
                "rel": "Hyperlink",
                "url": "https://fabrikam.aha.io/features/PROD-2",
                "attributes": {"comment": "Sent from Aha! by integration web, feature 7"},
            },
        },
        {
            "op": "add",
            "path": "/relations/-",
            "value": {
                "rel": "AttachedFile",
                "url": "https://dev.azure.com/fabrikam/_apis/wit/attachments/9?fileName=a.png",
                "attributes": {"name": "a.png", "comment": "Sent from Aha!, attachment 41"},
            },
        },
    ]


def test_a_new_requirement_of_a_batch_names_itself_and_its_parent_by_negative_ids() -> None:
    plain = create_document(
        title="Red",
        description="",
        description_field="System.Description",
        area_path="Fabrikam",
        default_fields={},
        marker=MARKER,
        files={},
    )

    document = with_temporary_id(with_parent(plain, PARENT_URL), -2)

    assert document == [
        {"op": "add", "path": "/id", "value": -2},
        {"op": "add", "path": "/fields/System.Title", "value": "Red"},
        {"op": "add", "path": "/fields/System.Description", "value": "<p></p>"},
        {"op": "add", "path": "/fields/System.AreaPath", "value": "Fabrikam"},
        {"op": "add", "path": "/relations/-", "value": MARKER.relation()},
        {
            "op": "add",
            "path": "/relations/-",
            "value": {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": PARENT_URL},
        },
    ]
    assert plain[0]["path"] == "/fields/System.Title", "the document it was made of stays as it is"


def test_a_change_tests_the_revision_first() -> None:
    document = update_document(
        revision=4,
        title="Search by colours",
        description="<p>Colours</p>",
        description_field="System.Description",
        description_is_markdown=False,
        old_parent_index=None,
        files={},
    )

    assert document == [
        {"op": "test", "path": "/rev", "value": 4},
        {"op": "add", "path": "/fields/System.Title", "value": "Search by colours"},
        {"op": "add", "path": "/fields/System.Description", "value": "<p>Colours</p>"},
    ]


def test_a_move_removes_the_old_parent_and_adds_the_new_one_in_the_same_document() -> None:
    # aha-app/aha-services re-parented in two patches, and a failure between them left an orphan.
    document = update_document(
        revision=4,
        title=None,
        description=None,
        description_field="System.Description",
        description_is_markdown=False,
        old_parent_index=3,
        files={"41": PICTURE},
    )

    assert with_parent(document, "https://dev.azure.com/fabrikam/_apis/wit/workItems/12") == [
        {"op": "test", "path": "/rev", "value": 4},
        {"op": "remove", "path": "/relations/3"},
        {
            "op": "add",
            "path": "/relations/-",
            "value": {
                "rel": "AttachedFile",
                "url": PICTURE.url,
                "attributes": {"name": "a.png", "comment": "Sent from Aha!, attachment 41"},
            },
        },
        {
            "op": "add",
            "path": "/relations/-",
            "value": {
                "rel": "System.LinkTypes.Hierarchy-Reverse",
                "url": "https://dev.azure.com/fabrikam/_apis/wit/workItems/12",
            },
        },
    ]


def test_a_description_kept_in_markdown_is_told_to_be_html() -> None:
    document = update_document(
        revision=4,
        title=None,
        description="<p>Colours</p>",
        description_field="System.Description",
        description_is_markdown=True,
        old_parent_index=None,
        files={},
    )

    assert document == [
        {"op": "test", "path": "/rev", "value": 4},
        {"op": "add", "path": "/fields/System.Description", "value": "<p>Colours</p>"},
        {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Html"},
    ]


def test_an_emptied_description_is_cleared_and_one_that_is_left_alone_is_not_named() -> None:
    # aha-app/aha-services 4b2186f: a blank description was not sent.
    cleared = update_document(
        revision=4,
        title=None,
        description="",
        description_field="System.Description",
        description_is_markdown=True,
        old_parent_index=None,
        files={},
    )
    left_alone = update_document(
        revision=4,
        title=None,
        description=None,
        description_field="System.Description",
        description_is_markdown=True,
        old_parent_index=None,
        files={},
    )

    assert cleared == [
        {"op": "test", "path": "/rev", "value": 4},
        {"op": "add", "path": "/fields/System.Description", "value": ""},
    ]
    assert left_alone == [{"op": "test", "path": "/rev", "value": 4}]
