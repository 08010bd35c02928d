import azure.functions as func


def main(req: func.HttpRequest, x=1) -> func.HttpResponse:
    return func.HttpResponse("loaded")
