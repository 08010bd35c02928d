"""What an organization was seen to refuse."""

from shared.clients.capabilities import Capabilities, Capability
from tests.unit.operations import Clock


def test_a_refusal_is_remembered_for_a_quarter_of_an_hour() -> None:
    clock = Clock()
    capabilities = Capabilities(clock)
    capabilities.remember_refusal("fabrikam", Capability.BATCHES)

    clock.now += 899
    assert capabilities.refuses("fabrikam", Capability.BATCHES)
    clock.now += 1
    assert not capabilities.refuses("fabrikam", Capability.BATCHES)


def test_a_refusal_is_of_one_organization_and_one_capability() -> None:
    capabilities = Capabilities(Clock())
    capabilities.remember_refusal("fabrikam", Capability.TEMPORARY_IDS)

    assert capabilities.refuses("fabrikam", Capability.TEMPORARY_IDS)
    assert not capabilities.refuses("fabrikam", Capability.BATCHES)
    assert not capabilities.refuses("contoso", Capability.TEMPORARY_IDS)


def test_the_case_of_an_account_name_does_not_matter() -> None:
    capabilities = Capabilities(Clock())
    capabilities.remember_refusal("Fabrikam", Capability.READ_PREVIEWS)

    assert capabilities.refuses("fabrikam", Capability.READ_PREVIEWS)


def test_a_refusal_that_is_seen_again_is_remembered_from_then_on() -> None:
    clock = Clock()
    capabilities = Capabilities(clock)
    capabilities.remember_refusal("fabrikam", Capability.BATCHES)
    clock.now += 600
    capabilities.remember_refusal("fabrikam", Capability.BATCHES)
    clock.now += 600

    assert capabilities.refuses("fabrikam", Capability.BATCHES)


def test_old_refusals_take_no_memory() -> None:
    clock = Clock()
    capabilities = Capabilities(clock)
    for number in range(10):
        capabilities.remember_refusal(f"account-{number}", Capability.BATCHES)
    clock.now += 900
    capabilities.remember_refusal("fabrikam", Capability.BATCHES)

    assert len(capabilities) == 1


def test_many_organizations_make_the_oldest_refusals_forgotten() -> None:
    capabilities = Capabilities(Clock())
    for number in range(1001):
        capabilities.remember_refusal(f"account-{number}", Capability.BATCHES)

    assert len(capabilities) == 1000
    assert not capabilities.refuses("account-0", Capability.BATCHES)
    assert capabilities.refuses("account-1", Capability.BATCHES)
