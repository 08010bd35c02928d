from typing import Optional

import azure.functions as func


def main(req: func.HttpRequest) -> Optional[func.HttpResponse]:
    return func.HttpResponse("loaded")
