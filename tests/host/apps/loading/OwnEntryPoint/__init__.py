import azure.functions as func


def other(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("loaded")
