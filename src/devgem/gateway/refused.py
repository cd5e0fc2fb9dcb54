"""Why the gateway does not pass a message on."""


class Refused(Exception):
    """Ends one request with an error page; `detail` is one plain sentence for the person who sees it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
