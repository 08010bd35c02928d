import azure.functions as func


def main(req: func.HttpRequest, context) -> func.HttpResponse:
    return func.HttpResponse("loaded")
