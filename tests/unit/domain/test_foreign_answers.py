"""What an error answer of another system means."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.foreign_answers import (
    _CODES,
    AT_ONCE_SECONDS,
    Body,
    ErrorAnswer,
    Meaning,
    Service,
    is_sign_in_page,
    may_still_run,
    meaning_of,
)

REFUSALS = {Meaning.REFUSES_VALUE, Meaning.REFUSES_TOKEN, Meaning.REFUSES_USER, Meaning.GONE}
APIS = [Service.AZURE_DEVOPS, Service.AHA, Service.TABLE_STORAGE]
WAITED = 30.0
KNOWN_CODES = sorted(code for codes in _CODES.values() for code in codes)

services = st.sampled_from(list(Service))
bodies = st.sampled_from(list(Body))
codes = st.sampled_from(["", "TF999999", "VS111111", "NewCode", *KNOWN_CODES])


@given(services, st.integers(500, 999), bodies, codes)
@example(Service.AZURE_DEVOPS, 520, Body.OWN, "TF401320")
@example(Service.AZURE_DEVOPS, 500, Body.OWN, "TF237201")
@example(Service.AHA, 522, Body.FOREIGN, "")
def test_an_error_of_a_server_or_a_proxy_may_have_been_carried_out(
    service: Service, status: int, body: Body, code: str
) -> None:
    assert meaning_of(ErrorAnswer(service, status, body, code)) is Meaning.OUTCOME_UNKNOWN


@given(st.sampled_from(APIS), st.integers(100, 999), st.sampled_from(["", "TF999999"]))
def test_a_body_of_another_hand_refuses_nothing_but_a_caller(
    service: Service, status: int, code: str
) -> None:
    meaning = meaning_of(ErrorAnswer(service, status, Body.FOREIGN, code))

    if meaning in REFUSALS:
        assert meaning in (Meaning.REFUSES_TOKEN, Meaning.REFUSES_USER)
        # A redirect or a 203 is the sign-in page; Table Storage's refusals of a caller are Unavailable in the app.
        assert status in (203, 401) or 300 <= status < 400 or service is Service.TABLE_STORAGE


@given(services, st.integers(100, 499), bodies)
def test_only_400_and_422_refuse_a_value(service: Service, status: int, body: Body) -> None:
    if meaning_of(ErrorAnswer(service, status, body)) is Meaning.REFUSES_VALUE:
        assert status in (400, 422) or service is Service.TABLE_STORAGE


@given(services, st.integers(100, 999), bodies, codes)
def test_only_a_limiter_is_believed_that_nothing_was_done(
    service: Service, status: int, body: Body, code: str
) -> None:
    if meaning_of(ErrorAnswer(service, status, body, code)) is Meaning.NOT_CARRIED_OUT:
        assert status == 429 or code == "TableBeingDeleted"


@pytest.mark.parametrize("code", ["TF401349", "TF246020", "TF400733", "TF400898", "TF246021"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 503])
def test_a_code_that_is_known_to_pass_is_no_refusal_whatever_its_status(code: str, status: int) -> None:
    assert meaning_of(ErrorAnswer(Service.AZURE_DEVOPS, status, Body.OWN, code)) is Meaning.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    ("service", "status", "body", "code", "meaning"),
    [
        (Service.AZURE_DEVOPS, 429, Body.OWN, "TF400733", Meaning.NOT_CARRIED_OUT),
        (Service.AZURE_DEVOPS, 408, Body.SIGN_IN_PAGE, "", Meaning.OUTCOME_UNKNOWN),
        (Service.AZURE_DEVOPS, 400, Body.OWN, "", Meaning.REFUSES_VALUE),
        (Service.AZURE_DEVOPS, 400, Body.OWN, "TF237111", Meaning.REFUSES_USER),
        (Service.AZURE_DEVOPS, 400, Body.OWN, "VS800075", Meaning.GONE),
        (Service.AZURE_DEVOPS, 403, Body.FOREIGN, "VS403463", Meaning.REFUSES_TOKEN),
        (Service.AZURE_DEVOPS, 200, Body.SIGN_IN_PAGE, "", Meaning.REFUSES_TOKEN),
        (Service.AZURE_DEVOPS, 200, Body.FOREIGN, "", Meaning.OUTCOME_UNKNOWN),
        (Service.AZURE_DEVOPS, 405, Body.OWN, "", Meaning.OUTCOME_UNKNOWN),
        (Service.AZURE_DEVOPS, 409, Body.OWN, "", Meaning.OUTCOME_UNKNOWN),
        (Service.AZURE_DEVOPS, 409, Body.OWN, "VS403351", Meaning.CHANGED_MEANWHILE),
        (Service.AHA, 422, Body.OWN, "", Meaning.REFUSES_VALUE),
        (Service.AHA, 404, Body.OWN, "", Meaning.GONE),
        (Service.AHA, 404, Body.FOREIGN, "", Meaning.OUTCOME_UNKNOWN),
        (Service.AHA, 302, Body.FOREIGN, "", Meaning.REFUSES_TOKEN),
        (Service.FILE_HOST, 404, Body.FOREIGN, "", Meaning.GONE),
        (Service.FILE_HOST, 403, Body.FOREIGN, "", Meaning.REFUSES_USER),
        (Service.FILE_HOST, 416, Body.FOREIGN, "", Meaning.OUTCOME_UNKNOWN),
        (Service.TABLE_STORAGE, 400, Body.OWN, "InvalidInput", Meaning.REFUSES_VALUE),
        (Service.TABLE_STORAGE, 400, Body.FOREIGN, "", Meaning.OUTCOME_UNKNOWN),
        (Service.TABLE_STORAGE, 403, Body.OWN, "AuthorizationFailure", Meaning.REFUSES_USER),
        (Service.TABLE_STORAGE, 409, Body.OWN, "TableBeingDeleted", Meaning.NOT_CARRIED_OUT),
    ],
)
def test_each_row_of_the_tables(
    service: Service, status: int, body: Body, code: str, meaning: Meaning
) -> None:
    assert meaning_of(ErrorAnswer(service, status, body, code)) is meaning


@pytest.mark.parametrize(
    ("status", "body", "runs"),
    [
        (500, Body.OWN, False),
        (500, Body.FOREIGN, True),
        (503, Body.OWN, False),
        (503, Body.FOREIGN, True),
        (502, Body.FOREIGN, True),
        # Gateways explain themselves in JSON, too.
        (502, Body.OWN, True),
        (504, Body.OWN, True),
        (504, Body.FOREIGN, True),
        (408, Body.OWN, True),
        (408, Body.FOREIGN, True),
        (520, Body.FOREIGN, True),
        (522, Body.OWN, True),
        (524, Body.FOREIGN, True),
        (200, Body.FOREIGN, True),
        (400, Body.OWN, False),
        (400, Body.FOREIGN, False),
        (403, Body.FOREIGN, False),
        (409, Body.OWN, False),
    ],
)
def test_only_the_services_own_words_prove_that_a_request_has_ended_after_a_wait(
    status: int, body: Body, runs: bool
) -> None:
    assert may_still_run(ErrorAnswer(Service.AZURE_DEVOPS, status, body), WAITED) is runs


@pytest.mark.parametrize("status", [200, 408, 500, 502, 503, 504, 522, 524])
def test_a_gateway_that_answers_at_once_has_not_waited_for_the_service(status: int) -> None:
    answer = ErrorAnswer(Service.AZURE_DEVOPS, status, Body.FOREIGN)

    assert not may_still_run(answer, AT_ONCE_SECONDS)
    assert may_still_run(answer, AT_ONCE_SECONDS + 0.1)


@given(services, st.integers(520, 999), bodies, codes)
def test_a_status_that_only_proxies_answer_ends_nothing(
    service: Service, status: int, body: Body, code: str
) -> None:
    assert may_still_run(ErrorAnswer(service, status, body, code), WAITED)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<title>Azure DevOps Services | Sign In</title>", True),
        ('<a href="https://login.microsoftonline.com/common">', True),
        ("<title>524: A timeout occurred</title>", False),
        ("", False),
    ],
)
def test_a_sign_in_page_is_told_from_other_pages(page: str, expected: bool) -> None:
    assert is_sign_in_page(page) is expected
