import azure.functions as func


def main(req: func.HttpRequest) -> func.HttpResponse | str:
    return func.HttpResponse("loaded")
