"""A timer (app setting RECONCILE_SCHEDULE): finishes sends, and syncs changes that no notification reported."""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.concurrency import working_for
from shared.timer.run import run_timer


def main(timer: func.TimerRequest, context: func.Context) -> None:
    """Run once, for every integration."""
    with working_for(context):
        run_timer(the_app(), edge.caller_of(context, {}))
