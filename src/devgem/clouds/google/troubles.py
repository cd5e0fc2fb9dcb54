"""Google's errors as the house's: what was refused, and the one command that mends it."""

from devgem.clouds.google import commands
from devgem.domain.errors import Conflict, DevGemError, InvalidInput, NotFound, Unavailable

_AGAIN = "Try again in a minute; https://status.cloud.google.com tells of trouble at Google."


def explained(error: Exception, doing: str, *, project: str, member: str, role: str = "") -> DevGemError:
    """`doing` is what was tried ("make the address 'x'"), `role` the one that allows it."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    said = str(getattr(error, "message", None) or str(error) or type(error).__name__).strip().rstrip(".")
    what = f"could not {doing}: {said}"
    if isinstance(error, GoogleAuthError | exceptions.Unauthorized):
        return Unavailable(f"Google does not take the credentials: {said}", fix=commands.SIGN_IN)
    if getattr(error, "reason", None) == "SERVICE_DISABLED":
        api = (getattr(error, "metadata", None) or {}).get("service", "")
        return Unavailable(what, fix=commands.enable(project, [api]))
    if isinstance(error, exceptions.Forbidden):
        fix = commands.grant(project, member, role) if role else f"See who may do what: {commands.quotas(project)}"
        return Unavailable(what, fix=fix)
    if isinstance(error, exceptions.NotFound):
        return NotFound(what)
    if isinstance(error, exceptions.PreconditionFailed | exceptions.Conflict):
        return Conflict(what, fix="Look at what is there already.")
    if isinstance(error, exceptions.TooManyRequests):
        return Unavailable(what, fix=f"Ask for more: {commands.quotas(project)}", code="quota")
    if any(isinstance(one, dict) and one.get("reason") == "resourceNotReady" for one in getattr(error, "errors", ())):
        # Something else is being done to it at this moment.
        return Unavailable(what, fix=_AGAIN, code="google_away")
    if isinstance(error, exceptions.BadRequest):
        return InvalidInput(what)
    return Unavailable(what, fix=_AGAIN, code="google_away")


def is_passing(error: DevGemError) -> bool:
    """Whether the same may succeed in a moment."""
    return error.code in ("quota", "google_away")
