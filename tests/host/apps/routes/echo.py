import json

import azure.functions as func


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    found = {"function": context.function_name, "route_params": dict(req.route_params), "module": __name__}
    return func.HttpResponse(json.dumps(found), mimetype="application/json")
