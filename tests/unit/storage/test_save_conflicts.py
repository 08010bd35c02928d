"""Why the transaction that saves an integration was refused."""

from __future__ import annotations

from shared.storage.save_conflicts import RowVersion, SaveConflict, cause_of_conflict


def cause(*, replaced: str, current: RowVersion | None, product_owner: str = "") -> SaveConflict:
    """The cause for a save of the integration `web` that wrote the revision `mine`."""
    return cause_of_conflict(
        "web",
        replaced_etag=replaced,
        written_revision="mine",
        current=current,
        product_owner=product_owner,
    )


def test_a_change_is_refused_if_another_integration_has_the_product() -> None:
    read = RowVersion("etag-1", "revision-1")

    assert cause(replaced="etag-1", current=read, product_owner="shop") is SaveConflict.PRODUCT_TAKEN


def test_a_create_is_refused_if_another_integration_has_the_product() -> None:
    assert cause(replaced="", current=None, product_owner="shop") is SaveConflict.PRODUCT_TAKEN


def test_a_change_is_refused_if_the_integration_was_changed_since_it_was_read() -> None:
    newer = RowVersion("etag-2", "revision-2")

    assert cause(replaced="etag-1", current=newer, product_owner="web") is SaveConflict.CHANGED


def test_a_changed_integration_comes_before_a_taken_product() -> None:
    # After reading again, the caller may no longer want that product.
    newer = RowVersion("etag-2", "revision-2")

    assert cause(replaced="etag-1", current=newer, product_owner="shop") is SaveConflict.CHANGED


def test_a_create_is_refused_if_the_integration_was_created_in_the_meantime() -> None:
    assert cause(replaced="", current=RowVersion("etag-1", "revision-1")) is SaveConflict.CHANGED


def test_a_change_is_refused_if_the_integration_is_gone() -> None:
    assert cause(replaced="etag-1", current=None) is SaveConflict.CHANGED


def test_a_save_whose_answer_was_lost_has_succeeded() -> None:
    saved = RowVersion("etag-2", "mine")

    assert cause(replaced="etag-1", current=saved, product_owner="web") is SaveConflict.ALREADY_SAVED
