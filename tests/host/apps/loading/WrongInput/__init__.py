import azure.functions as func


def main(req: func.TimerRequest) -> func.HttpResponse:
    return func.HttpResponse("loaded")
