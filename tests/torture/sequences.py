"""Random sequences that a seed makes again, for long runs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.torture.world import World

EDITS = ("name", "description", "empty description")
MOST_REQUESTS = 10
"""A send of a small feature makes about this many requests, those to Table Storage included."""


def run_sequence(world: World, seed: int) -> None:
    """The sequence of one seed."""
    chance = random.Random(seed)
    world.make_feature(chance.randrange(3))
    for _ in range(chance.randint(3, 14)):
        name = chance.choices(list(_STEPS), [weight for weight, _ in _STEPS.values()])[0]
        _STEPS[name][1](world, chance)


def _break(world: World, chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.5:
        return {}
    return {"kind": chance.choice(world.breaks), "at": chance.randrange(MOST_REQUESTS)}


def _any(chance: random.Random) -> int:
    return chance.randrange(8)


_STEPS: dict[str, tuple[int, Callable[[World, random.Random], None]]] = {
    "make": (1, lambda world, chance: world.make_feature(chance.randrange(4))),
    "edit in Aha!": (4, lambda world, chance: world.edit_in_aha(_any(chance), chance.choice(EDITS))),
    "set status": (1, lambda world, chance: world.set_status(_any(chance), _any(chance))),
    "move": (1, lambda world, chance: world.move_requirement(_any(chance), _any(chance))),
    "edit in Azure DevOps": (
        4,
        lambda world, chance: world.edit_in_azure_devops(_any(chance), chance.choice(EDITS)),
    ),
    "set state": (2, lambda world, chance: world.set_state(_any(chance), _any(chance))),
    "Aha! refuses": (1, lambda world, chance: world.aha_refuses(_any(chance), _any(chance))),
    "Aha! takes again": (1, lambda world, chance: world.aha_takes_again()),
    "delete": (1, lambda world, chance: world.delete_work_item(_any(chance))),
    "restore": (1, lambda world, chance: world.restore_work_item(_any(chance))),
    "hide": (1, lambda world, chance: world.hide_work_item(_any(chance))),
    "show": (1, lambda world, _: world.show_area()),
    "change type": (1, lambda world, chance: world.change_type(_any(chance))),
    "use token": (1, lambda world, chance: world.use_token(_any(chance))),
    "keep payload": (1, lambda world, chance: world.keep_payload(_any(chance))),
    "send late": (1, lambda world, chance: world.send_late(_any(chance))),
    "overtake": (1, lambda world, chance: world.overtake(_any(chance), chance.choice(EDITS))),
    "send": (6, lambda world, chance: world.send(_any(chance), **_break(world, chance))),
    "send twice": (1, lambda world, chance: world.send_twice_at_once(_any(chance))),
    "edit while sending": (
        1,
        lambda world, chance: world.edit_while_sending(
            _any(chance), chance.choice(EDITS), chance.randrange(MOST_REQUESTS)
        ),
    ),
    "late answer": (
        2,
        lambda world, chance: world.late_answer(
            _any(chance), chance.choice(EDITS), chance.randrange(MOST_REQUESTS)
        ),
    ),
    "deliver": (
        6,
        lambda world, chance: world.deliver(
            _any(chance), **_break(world, chance), keep=chance.random() < 0.3
        ),
    ),
    "deliver two": (1, lambda world, chance: world.deliver_two_at_once(_any(chance))),
    "drop": (1, lambda world, chance: world.drop(_any(chance))),
    "reconcile": (1, lambda world, chance: world.reconcile(**_break(world, chance))),
}
