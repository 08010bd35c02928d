"""What happens to a service hook whose receiver fails, in the sandbox Azure DevOps.

The rules are those of learn.microsoft.com, azure/devops/service-hooks/troubleshoot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.azure_devops.delivery import PROBATION_WAITS, TRANSIENT_WAITS
from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    Subscriber,
    running_azure_devops,
    running_subscriber,
    title,
)

FAST = {"time_scale": 0.00001}


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with running_subscriber() as running:
        yield running


def statuses(ado: AzureDevOpsCaller) -> list[int | None]:
    return [attempt["status"] for attempt in ado.deliveries()]


def wait_for(ado: AzureDevOpsCaller, made: dict[str, Any], status: str) -> None:
    """Wait until the subscription has this status."""
    deadline = threading.Event()
    for _ in range(400):
        if ado.subscription(made)["status"] == status:
            return
        deadline.wait(0.01)
    raise AssertionError(f"the subscription is still {ado.subscription(made)['status']}")


def test_the_documented_waits() -> None:
    assert (len(TRANSIENT_WAITS), sum(TRANSIENT_WAITS)) == (8, 183)
    assert (len(PROBATION_WAITS), sum(PROBATION_WAITS) // 3600) == (7, 36)


@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_a_transient_failure_is_tried_again(
    ado: AzureDevOpsCaller, subscriber: Subscriber, status: int
) -> None:
    ado.control("PUT", "/service_hooks", FAST)
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [status, status]

    ado.update(number, title("B"))
    ado.flush()

    assert statuses(ado) == [status, status, 200]
    assert [attempt["attempt"] for attempt in ado.deliveries()] == [1, 2, 3]
    assert len({event["notificationId"] for event in subscriber.received}) == 1
    assert ado.subscription(made)["status"] == "enabled"


def test_a_transient_failure_that_lasts_puts_the_subscription_on_probation(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    ado.control("PUT", "/service_hooks", {"time_scale": 0.0001})
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [503] * 9 + [200]

    ado.update(number, title("B"))
    wait_for(ado, made, "enabled")
    ado.flush()

    assert statuses(ado)[:9] == [503] * 9


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 429, 500, 501])
def test_every_other_failure_is_not_retried_but_put_on_probation_and_events_are_lost(
    ado: AzureDevOpsCaller, subscriber: Subscriber, status: int
) -> None:
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [status]

    ado.update(number, title("B"))
    wait_for(ado, made, "onProbation")
    ado.update(number, title("lost"))
    ado.flush()

    assert statuses(ado) == [status]
    assert len(subscriber.received) == 1


def test_one_success_lifts_probation_and_what_was_lost_stays_lost(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    is_open = threading.Event()
    subscriber.decide = lambda: 200 if is_open.is_set() else 500
    ado.control("PUT", "/service_hooks", {"time_scale": 0.00002})
    ado.update(number, title("B"))
    wait_for(ado, made, "onProbation")
    ado.update(number, title("lost"))
    is_open.set()
    wait_for(ado, made, "enabled")

    ado.update(number, title("seen"))
    ado.flush()

    titles = [event["resource"]["revision"]["fields"]["System.Title"] for event in subscriber.received]
    assert set(titles[:-1]) == {"B"}
    assert titles[-1] == "seen"


def test_seven_failures_on_probation_disable_the_subscription(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    ado.control("PUT", "/service_hooks", {"time_scale": 0})
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.decide = lambda: 500

    ado.update(number, title("B"))
    wait_for(ado, made, "disabledBySystem")
    ado.flush()

    assert statuses(ado) == [500] * 8
    assert ado.subscription(made)["probationRetries"] == 7
    ado.update(number, title("lost"))
    ado.flush()
    assert len(subscriber.received) == 8


def test_a_subscription_on_probation_is_enabled_by_a_person(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [500]
    ado.update(number, title("B"))
    wait_for(ado, made, "onProbation")

    ado.call("PUT", f"/_apis/hooks/subscriptions/{made['id']}", json=made | {"status": "enabled"})
    ado.update(number, title("seen"))
    ado.flush()

    assert statuses(ado) == [500, 200]
    assert ado.subscription(made)["status"] == "enabled"


def test_the_clock_can_be_moved_on_while_a_retry_is_waited_for(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [500, 500]
    ado.update(number, title("B"))
    wait_for(ado, made, "onProbation")

    ado.control("PUT", "/service_hooks", {"time_scale": 0})
    wait_for(ado, made, "enabled")

    assert statuses(ado) == [500, 500, 200]


def test_410_disables_the_subscription_at_once(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [410]

    ado.update(number, title("B"))
    ado.flush()

    assert ado.subscription(made)["status"] == "disabledBySystem"
    assert statuses(ado) == [410]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_a_success(ado: AzureDevOpsCaller, subscriber: Subscriber, status: int) -> None:
    made, number = ado.subscribe(subscriber.url), ado.create()["id"]
    subscriber.statuses = [status]

    ado.update(number, title("B"))
    ado.flush()

    notifications = ado.get(f"/_apis/hooks/subscriptions/{made['id']}/notifications")["value"]
    assert [(one["status"], one["result"]) for one in notifications] == [("completed", "succeeded")]
    assert ado.deliveries()[0]["status"] == status


def test_a_receiver_that_is_not_there_is_a_transient_failure(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/service_hooks", {"time_scale": 0})
    with running_subscriber() as gone:
        url = gone.url
    made, number = ado.subscribe(url), ado.create()["id"]

    ado.update(number, title("B"))
    wait_for(ado, made, "disabledBySystem")

    assert statuses(ado) == [None] * (1 + 8 + 7)
    assert ado.deliveries()[0]["error"] == "ConnectionError"


def test_notifications_of_a_subscription_arrive_in_order(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    ado.subscribe(subscriber.url)
    number = ado.create()["id"]
    for count in range(20):
        ado.update(number, title(f"Title {count}"))

    ado.flush()

    assert [event["notificationId"] for event in subscriber.received] == list(range(1, 21))
    assert [event["resource"]["rev"] for event in subscriber.received] == list(range(2, 22))


def test_paused_notifications_wait_and_can_arrive_shuffled_and_twice(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    ado.control("PUT", "/service_hooks", {"paused": True, "shuffle": True, "duplicate": True})
    ado.subscribe(subscriber.url)
    number = ado.create()["id"]
    for count in range(15):
        ado.update(number, title(f"Title {count}"))

    before = len(subscriber.received)
    ado.control("PUT", "/service_hooks", {"paused": False})
    ado.flush()

    ids = [event["notificationId"] for event in subscriber.received]
    assert before == 0
    assert sorted(ids) == sorted([*range(1, 16), *range(1, 16)])
    assert ids != sorted(ids)


def test_dropped_notifications_never_arrive(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    ado.control("PUT", "/service_hooks", {"drop": True})
    ado.subscribe(subscriber.url)

    ado.update(ado.create()["id"], title("B"))
    ado.flush()

    assert subscriber.received == []


def test_a_notification_can_be_delivered_again(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    made = ado.subscribe(subscriber.url)
    ado.update(ado.create()["id"], title("B"))
    ado.flush()

    ado.control("POST", "/service_hooks/redeliver", {"notification": 1, "subscription_id": made["id"]})
    ado.flush()

    assert len(subscriber.received) == 2
    assert subscriber.received[0] == subscriber.received[1]
    assert ado.try_control("POST", "/service_hooks/redeliver", {"notification": 9}).status_code == 400


def test_deliveries_are_listed_with_the_answer_and_without_the_secret_address(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    ado.subscribe(subscriber.url + "/secret")
    number = ado.create()["id"]
    ado.update(number, title("B"))
    ado.flush()

    delivery = ado.deliveries()[0]

    assert delivery["answer"] == '{"result": "updated"}'
    assert delivery["work_item_id"] == number
    assert delivery["payload"] == subscriber.received[0]
    assert delivery["started_at"] <= delivery["ended_at"]
    assert "secret" not in str(delivery)


def test_a_flush_says_so_if_the_queues_do_not_empty(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    ado.control("PUT", "/service_hooks", {"paused": True})
    ado.subscribe(subscriber.url)
    ado.update(ado.create()["id"], title("B"))

    assert ado.control("POST", "/service_hooks/flush", {"timeout_seconds": 0.05}) == {"idle": False}


def test_a_reset_ends_subscriptions_and_their_threads(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    before = _delivery_threads()
    ado.subscribe(subscriber.url)
    assert _delivery_threads() > before

    ado.control("DELETE", "/all")

    assert _delivery_threads() <= before
    assert ado.get("/_apis/hooks/subscriptions")["count"] == 0


def _delivery_threads() -> set[threading.Thread]:
    """Those of other sandboxes in this process, too."""
    return {thread for thread in threading.enumerate() if thread.name == "service hook delivery"}
