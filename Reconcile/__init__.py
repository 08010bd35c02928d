"""A timer (app setting RECONCILE_SCHEDULE): brings changes to Aha! whose notifications did not arrive."""

import azure.functions as func

from shared.app import the_app
from shared.concurrency import working_for
from shared.receiving.reconcile import reconcile_all


def main(timer: func.TimerRequest, context: func.Context) -> None:
    """Reconcile every integration."""
    with working_for(context):
        reconcile_all(the_app())
