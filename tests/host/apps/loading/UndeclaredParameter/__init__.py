import azure.functions as func


def main(req: func.HttpRequest, other: str) -> func.HttpResponse:
    return func.HttpResponse("loaded")
