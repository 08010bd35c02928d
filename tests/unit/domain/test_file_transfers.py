"""How long files may take, under which names they are uploaded, and what a failure means."""

from __future__ import annotations

import pytest

from shared.domain.file_transfers import (
    is_too_late,
    no_time,
    seconds_for_files,
    seconds_for_one_file,
    transfer_failure,
    uploaded_name,
)
from shared.errors import Forbidden, OperationFailed, RuleViolation, System, TimeSpent, Unavailable
from tests.unit.examples import an_attachment

PNG = b"\x89PNG\r\n\x1a\n and more"
PAGE = b"<!doctype html><title>Sign in</title>"
BROKEN = Unavailable(System.AHA, "The connection broke.")
OUT_OF_TIME = TimeSpent(System.AHA, "No time is left.")
GONE = Forbidden(System.AHA, "The address has expired.")


@pytest.mark.parametrize(
    ("remaining", "for_files"), [(200.0, 180.0), (100.0, 80.0), (80.0, 60.0), (40.0, 30.0), (0.0, 0.0)]
)
def test_the_files_leave_time_for_the_work_items(remaining: float, for_files: float) -> None:
    assert seconds_for_files(remaining) == for_files


@pytest.mark.parametrize(
    ("for_files", "for_one"), [(500.0, 150.0), (187.5, 150.0), (100.0, 80.0), (10.0, 8.0), (0.0, 0.0)]
)
def test_one_file_leaves_time_for_others(for_files: float, for_one: float) -> None:
    assert seconds_for_one_file(for_files) == for_one


@pytest.mark.parametrize(("left", "is_late"), [(0.0, True), (0.99, True), (1.0, False), (30.0, False)])
def test_no_file_is_begun_within_the_last_second(left: float, is_late: bool) -> None:
    assert is_too_late(left) is is_late


def test_a_file_without_time_is_left_for_the_next_send() -> None:
    error = no_time()

    assert (error.code, error.retry_after) == ("aha_unavailable", 1)
    assert error.detail == (
        "The time for this send ended before the file was copied. Send the same again: the send continues."
    )


@pytest.mark.parametrize("error", [BROKEN, OUT_OF_TIME])
def test_what_fails_when_the_time_for_all_files_is_over_is_left_for_the_next_send(
    error: OperationFailed,
) -> None:
    failure = transfer_failure(error, 0.9, 36)

    assert isinstance(failure, TimeSpent)
    assert failure.detail == no_time().detail


def test_a_file_that_takes_too_long_fails_although_there_is_time_for_others() -> None:
    failure = transfer_failure(OUT_OF_TIME, 9.0, 36.4)

    assert type(failure) is Unavailable
    assert failure.code == "aha_unavailable"
    assert failure.detail == (
        "The transfer did not finish within 36 seconds. Make the file smaller, or store it elsewhere and link to it."
    )


@pytest.mark.parametrize(
    ("error", "left"),
    [(BROKEN, 9.0), (GONE, 9.0), (GONE, 0.0)],
    ids=["broke off", "refused", "refused at the end"],
)
def test_another_failure_is_the_files_own(error: OperationFailed, left: float) -> None:
    assert transfer_failure(error, left, 36) is error


@pytest.mark.parametrize(
    ("changes", "head", "name"),
    [
        ({}, PNG, "colours.png"),
        ({"file_name": "a:b.png"}, PNG, "a_b.png"),
        ({"file_name": "notes.txt", "content_type": "text/plain"}, b"Colours", "notes.txt"),
        ({"is_inline": True}, PNG, "colours.png"),
        ({"is_inline": True, "file_name": "pasted: 1", "is_listed": False}, PNG, "pasted_ 1.png"),
        ({"is_inline": True, "is_listed": False, "file_name": "image"}, b"GIF89a...", "image.gif"),
    ],
    ids=["a picture", "an illegal name", "a text", "shown and listed", "shown only", "a shown GIF"],
)
def test_a_file_keeps_its_name_and_a_picture_without_one_gets_an_extension(
    changes: dict[str, object], head: bytes, name: str
) -> None:
    assert uploaded_name(an_attachment(**changes), head, "image/png", len(head)) == name


def test_a_sign_in_page_is_not_taken_for_the_file() -> None:
    with pytest.raises(RuleViolation) as caught:
        uploaded_name(an_attachment(is_inline=True), PAGE, "text/html", len(PAGE))

    assert caught.value.code == "aha_rule_violation"
    assert caught.value.detail.startswith("The file's address leads to a web page instead of the file")


def test_an_error_saved_as_an_image_is_not_shown_as_one() -> None:
    with pytest.raises(RuleViolation) as caught:
        uploaded_name(an_attachment(is_inline=True), b"404 not found", "image/png", 13)

    assert caught.value.code == "aha_rule_violation"
    assert caught.value.detail.startswith("The description shows this file as an image, but it is not one")
    assert "still points at the file in Aha!" in caught.value.detail
