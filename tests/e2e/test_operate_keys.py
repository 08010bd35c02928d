"""A new SECRETS_KEY: new and old together, `rotate-key`, then the old one goes."""

from __future__ import annotations

from local.system import make_secrets_key
from operate.exit_codes import ExitCode
from tests.e2e.configuration_bodies import problem_of
from tests.e2e.operators import operate
from tests.e2e.sending_payloads import feature as a_feature
from tests.e2e.sending_scene import Scene
from tests.e2e.test_integration_credentials import notify


def test_after_the_command_sends_and_notifications_need_the_new_key_alone(scene: Scene) -> None:
    old, new = scene.system.secrets_key, make_secrets_key()
    scene.system.restart_host({"SECRETS_KEY": f"{new},{old}"})
    feature = a_feature()
    scene.send(feature)

    listed = operate(scene.system, "rotate-key", SECRETS_KEY=f"{new},{old}")
    still_valid = notify(scene.integration.webhook_url)
    renewed = operate(scene.system, "rotate-key", "--renew-webhooks", SECRETS_KEY=f"{new},{old}")
    scene.system.restart_host({"SECRETS_KEY": new})

    assert listed.code == ExitCode.LEFT
    assert f"{scene.integration.id}: re-encrypted with the newest key" in listed.text
    assert "(enabled) calls a webhook URL that key 2 of SECRETS_KEY made" in listed.text
    assert still_valid.status_code == 200
    assert renewed.code == ExitCode.DONE, renewed
    assert scene.send(feature).status == 200
    item = scene.send(feature).ids[0]
    scene.edit(item, title="Found by an engineer")
    assert [answer["status"] for answer in scene.deliver()] == [200]
    problem_of(notify(scene.integration.webhook_url), 404, "integration_not_found")
    for secret in (new, old, scene.integration.webhook_url.rsplit("/", 1)[1]):
        assert secret not in listed.text + listed.errors + renewed.text + renewed.errors


def test_a_subscription_that_nobody_may_read_keeps_the_old_key_in_place(scene: Scene) -> None:
    scene.azure_devops.add_fault(path="/_apis/hooks/subscriptions", status=403, times=None)

    report = operate(
        scene.system, "rotate-key", SECRETS_KEY=f"{make_secrets_key()},{scene.system.secrets_key}"
    )

    assert report.code == ExitCode.LEFT
    assert f"{scene.integration.id}: its subscriptions are not known" in report.text
    assert "Keep the older keys in SECRETS_KEY for now" in report.text
