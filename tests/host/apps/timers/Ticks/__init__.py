import json

import azure.functions as func
from ticks_seen import ticks


def main(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(ticks), mimetype="application/json")
