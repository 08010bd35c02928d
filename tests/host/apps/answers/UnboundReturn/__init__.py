import azure.functions as func


def main(req: func.HttpRequest):
    return func.HttpResponse("nobody takes this")
