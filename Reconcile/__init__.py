"""A timer (app setting RECONCILE_SCHEDULE): brings in what missed notifications lost."""

import azure.functions as func

from shared.app import the_app
from shared.receiving.reconcile import reconcile_all


def main(timer: func.TimerRequest) -> None:
    """Reconcile every integration."""
    reconcile_all(the_app())
