import threading

import azure.functions as func

_EVERYBODY = threading.Barrier(40)


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answers only when forty calls are in here at the same time."""
    _EVERYBODY.wait(timeout=20)
    return func.HttpResponse("met")
