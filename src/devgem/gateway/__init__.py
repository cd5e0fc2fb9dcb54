"""The front door of apps on the local cloud: from a host name to the revision that is live."""

from devgem.gateway.gateway import Gateway
from devgem.gateway.limits import Limits
from devgem.gateway.targets import Backend, Dial, Site

__all__ = ["Backend", "Dial", "Gateway", "Limits", "Site"]
