import azure.functions as func


def polite(handler):
    def call(*arguments, **named):
        return handler(*arguments, **named)

    return call


@polite
def main(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("loaded")
