import web


def answer(path: str, host: str) -> web.Answer:
    return 500, "Internal Server Error"


web.serve(answer)
