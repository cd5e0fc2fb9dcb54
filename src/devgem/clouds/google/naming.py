"""What the things of an app are called on Google Cloud, and the labels that they carry; pure functions of its name."""

import hashlib
import re
from collections.abc import Mapping

from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build_request import image_name
from devgem.domain.app import Revision

SERVICE_CHARACTERS = 40
"""A tagged address is one DNS label of at most 63: `<tag>---<service>-<10 characters>-<region>`."""
APP, NUMBER = "devgem-app", "devgem-revision"
_ACCOUNT_CHARACTERS = 16


def service_of(app: str) -> str:
    """The Cloud Run service: the app's own name, or where that is too long (some previews') a shorter one."""
    return app if len(app) <= SERVICE_CHARACTERS else f"{app[:33].rstrip('-')}-{_digest(app)}"


def revision_of(app: str, number: int, attempt: int = 1) -> str:
    """`attempt` counts what was started of one revision: a restart is a new one for Cloud Run."""
    return f"{service_of(app)}-v{number}" + (f"-{attempt}" if attempt > 1 else "")


def attempt_of(name: str, app: str, number: int) -> int:
    """The other way round; 0 for a name that is not DevGem's."""
    found = re.fullmatch(re.escape(revision_of(app, number)) + r"(?:-(\d+))?", name.rsplit("/", 1)[-1])
    return int(found.group(1) or 1) if found else 0


def tag_of(number: int) -> str:
    """The tag under which a revision answers at an address of its own."""
    return f"v{number}"


def secret_of(app: str, name: str) -> str:
    """The secret that holds a config var. The digest keeps `a-b`'s `C` and `a`'s `b-C` apart."""
    return f"devgem-{app}-{name}-{_digest(f'{app}/{name}')}"


def account_of(site: Site, app: str) -> str:
    """The id of the service account that the app runs as: 6 to 30 characters."""
    return f"devgem-{app[:_ACCOUNT_CHARACTERS].rstrip('-')}-{_digest(f'{site.install}/{app}')}"


def email_of(site: Site, app: str) -> str:
    return f"{account_of(site, app)}@{site.project}.iam.gserviceaccount.com"


def labels_of(site: Site, app: str) -> Mapping[str, str]:
    """What everything of the app is marked with."""
    return {**site.labels, APP: app}


def image_of(site: Site, revision: Revision) -> str:
    """The image by its digest. A preview's was built for its app."""
    return f"{image_name(site, revision.app)}@{revision.image.digest}"


def is_marked(site: Site, labels: Mapping[str, str], app: str) -> bool:
    """Whether labels say that this DevGem made it, for this app."""
    return all(labels.get(key) == value for key, value in labels_of(site, app).items())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
