import azure.functions as func


def main(req: func.HttpRequest):
    return _KINDS[req.route_params["kind"]]()


def _raise():
    raise RuntimeError("the reason, for the log only")


def _header_twice():
    response = func.HttpResponse("x")
    response.headers.add("X-Number", "one")
    response.headers.add("X-Number", "two")
    return response


def _cookies():
    response = func.HttpResponse("x")
    response.headers.add("Set-Cookie", "first=1; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=60")
    response.headers.add("Set-Cookie", "second=2; Domain=example.com")
    return response


def _unparsable_cookie():
    response = func.HttpResponse("x")
    response.headers.add("Set-Cookie", "not a cookie=1")
    return response


_KINDS = {
    "text": lambda: func.HttpResponse("grüß dich"),
    "bytes": lambda: func.HttpResponse(b"\x00\xff", mimetype="application/octet-stream"),
    "empty": lambda: func.HttpResponse(status_code=202),
    "no_content": lambda: func.HttpResponse(status_code=204),
    "own_type": lambda: func.HttpResponse("{}", headers={"Content-Type": "application/problem+json"}),
    "mimetype": lambda: func.HttpResponse("{}", mimetype="application/json"),
    "not_found": lambda: func.HttpResponse("nothing here", status_code=404),
    "none": lambda: None,
    "dict": lambda: {"a": 1},
    "str": lambda: "plain words",
    "str_json": lambda: '{"a": 1}',
    "str_describing": lambda: '{"body": "made", "status": 201, "headers": {"X-Made": "yes"}}',
    "raise": _raise,
    "header_twice": _header_twice,
    "cookies": _cookies,
    "unparsable_cookie": _unparsable_cookie,
}
