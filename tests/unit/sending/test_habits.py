"""What an organization was seen to refuse."""

from shared.sending.habits import Habit, Habits
from tests.unit.operations import Clock


def test_a_habit_is_remembered_for_a_quarter_of_an_hour() -> None:
    clock = Clock()
    habits = Habits(clock)
    habits.note("fabrikam", Habit.REFUSES_BATCHES)

    clock.now += 899
    assert habits.has("fabrikam", Habit.REFUSES_BATCHES)
    clock.now += 2
    assert not habits.has("fabrikam", Habit.REFUSES_BATCHES)


def test_a_habit_is_of_one_organization_however_its_name_is_written() -> None:
    habits = Habits(Clock())
    habits.note("Fabrikam", Habit.REFUSES_TEMPORARY_IDS)

    assert habits.has("fabrikam", Habit.REFUSES_TEMPORARY_IDS)
    assert not habits.has("contoso", Habit.REFUSES_TEMPORARY_IDS)
    assert not habits.has("fabrikam", Habit.REFUSES_BATCHES)


def test_a_habit_seen_again_is_remembered_anew() -> None:
    clock = Clock()
    habits = Habits(clock)
    habits.note("fabrikam", Habit.REFUSES_BATCHES)
    clock.now += 800
    habits.note("fabrikam", Habit.REFUSES_BATCHES)
    clock.now += 800

    assert habits.has("fabrikam", Habit.REFUSES_BATCHES)
