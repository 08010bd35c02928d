import azure.functions as func

from . import part


def main(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(part.word)
