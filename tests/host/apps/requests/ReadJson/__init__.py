import azure.functions as func


def main(req: func.HttpRequest) -> func.HttpResponse:
    try:
        return func.HttpResponse(repr(req.get_json()))
    except ValueError as problem:
        return func.HttpResponse(str(problem), status_code=400)
