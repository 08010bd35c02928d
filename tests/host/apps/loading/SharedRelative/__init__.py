import azure.functions as func

from ..common import word


def main(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(word)
