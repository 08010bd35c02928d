"""A timer (app setting RECONCILE_SCHEDULE): brings changes to Aha! whose notifications did not arrive."""

import azure.functions as func

from shared.app import the_app
from shared.receiving.reconcile import reconcile_all


def main(timer: func.TimerRequest) -> None:
    """Reconcile every integration."""
    reconcile_all(the_app())
