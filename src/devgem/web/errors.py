"""The one place where an error becomes an HTTP status: RFC 9457 problem documents."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from devgem.domain import errors

_STATUS: dict[type[errors.DevGemError], int] = {
    errors.InvalidInput: 422,
    errors.SourceError: 422,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
_RETRY_AFTER_SECONDS = "2"

_log = logging.getLogger(__name__)


def status_of(error: errors.DevGemError) -> int:
    """422 only for malformed input; an error that no row knows is our own fault."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def problem(
    status: int, code: str, detail: str, *, fix: str = "", trace_id: str = "", retry_seconds: int | None = None
) -> Response:
    """https://www.rfc-editor.org/rfc/rfc9457"""
    headers = {"Retry-After": str(retry_seconds or _RETRY_AFTER_SECONDS)} if status in (429, 503) else None
    body = {
        "type": "about:blank",
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": code,
        "fix": fix,
        "trace_id": trace_id,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.DevGemError, _devgem_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _own_fault)


def _trace(request: Request) -> str:
    return str(request.scope.get("devgem.trace_id", ""))


async def _devgem_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.DevGemError)
    retry_seconds = error.retry_seconds if isinstance(error, errors.TooMany) else None
    return problem(
        status_of(error),
        error.code,
        error.message,
        fix=error.fix,
        trace_id=_trace(request),
        retry_seconds=retry_seconds,
    )


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "http_error")
    return problem(error.status_code, code, str(error.detail), trace_id=_trace(request))


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The input itself is never repeated: it may hold a secret.
    wrong = "; ".join(f"{'.'.join(str(part) for part in e['loc'][1:])}: {e['msg']}" for e in error.errors())
    return problem(422, "invalid_input", wrong, fix="See /api/v1/openapi.json.", trace_id=_trace(request))


async def _own_fault(request: Request, error: Exception) -> Response:
    trace_id = _trace(request)
    _log.error("request %s of %s failed", trace_id, request.url.path, exc_info=error)
    return problem(500, "internal", "DevGem made a mistake", fix=f"Report it with trace {trace_id}.", trace_id=trace_id)
