"""What a domain is made of on Google Cloud, as a list of resources in the order they are made; pure values.

Resources refer to each other by names that follow from the domain, so the list is known before anything is made, and
whatever of it is there already is found again. Everything carries DevGem's mark; what lacks it is never touched.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SLUG_CHARACTERS = 35
_CERTIFICATES = "//certificatemanager.googleapis.com/"


@dataclass(frozen=True)
class Resource:
    """`step` is what a person is told; `kind` is the collection that it is in."""

    step: str
    kind: str
    name: str
    body: Mapping[str, Any] = field(hash=False)

    @property
    def key(self) -> str:
        return f"domains/{self.kind}/{self.name}"


@dataclass(frozen=True)
class Site:
    """Where things are made, and whose they are."""

    project: str
    region: str
    install: str

    @property
    def mark(self) -> str:
        return f"managed-by=devgem devgem-install={self.install};"

    @property
    def labels(self) -> Mapping[str, str]:
        return {"managed-by": "devgem", "devgem-install": self.install}

    def certificates(self, collection: str, name: str) -> str:
        return f"projects/{self.project}/locations/global/{collection}/{name}"

    def compute(self, collection: str, name: str) -> str:
        return f"projects/{self.project}/global/{collection}/{name}"

    def regional(self, collection: str, name: str) -> str:
        return f"projects/{self.project}/regions/{self.region}/{collection}/{name}"


def name_of(domain: str) -> str:
    """At most 49 characters; the digest keeps `a-b.com` and `a.b.com` apart."""
    slug = re.sub(r"[^a-z0-9]+", "-", domain)[:_SLUG_CHARACTERS].strip("-")
    return f"devgem-{slug}-{hashlib.sha256(domain.encode()).hexdigest()[:6]}"


def certificate_of(site: Site, domain: str, names: tuple[str, ...]) -> tuple[Resource, Resource]:
    """The proof that the domain is the user's, and a certificate for `names`."""
    name = name_of(domain)
    described = {"description": f"DevGem: {domain}", "labels": dict(site.labels)}
    authorization = site.certificates("dnsAuthorizations", name)
    return (
        Resource("DNS authorization", "dnsAuthorizations", name, {"domain": domain, **described}),
        Resource(
            "certificate",
            "certificates",
            name,
            {"managed": {"domains": list(names), "dns_authorizations": [authorization]}, **described},
        ),
    )


def entry_of(site: Site, step: str, domain: str, hostname: str, name: str, certificate: str) -> Resource:
    """What lets the load balancer answer for a host name with its certificate."""
    body = {
        "map": site.certificates("certificateMaps", name_of(domain)),
        "hostname": hostname,
        "certificates": [site.certificates("certificates", certificate)],
        "description": f"DevGem: {hostname}",
        "labels": dict(site.labels),
    }
    return Resource(step, "certificateMapEntries", name, body)


def plan(site: Site, domain: str) -> tuple[Resource, ...]:
    """A global external Application Load Balancer for `*.domain`: each request goes to the Cloud Run service that its
    host name begins with, so that a new app costs no call here; port 80 redirects to 443."""
    name = name_of(domain)
    mark = {"description": f"DevGem: {domain}; {site.mark}"}
    described = {"description": f"DevGem: {domain}", "labels": dict(site.labels)}
    external = {"load_balancing_scheme": "EXTERNAL_MANAGED"}
    address = site.compute("addresses", name)
    return (
        *certificate_of(site, domain, (domain, f"*.{domain}")),
        Resource("certificate map", "certificateMaps", name, described),
        entry_of(site, "certificate for the domain", domain, domain, name, name),
        entry_of(site, "certificate for apps", domain, f"*.{domain}", f"{name}-all", name),
        Resource("address", "addresses", name, {"ip_version": "IPV4", **mark}),
        Resource(
            "network endpoint group",
            "networkEndpointGroups",
            name,
            {"network_endpoint_type": "SERVERLESS", "cloud_run": {"url_mask": f"<service>.{domain}"}, **mark},
        ),
        Resource(
            "backend service",
            "backendServices",
            name,
            {
                "protocol": "HTTPS",
                "backends": [{"group": site.regional("networkEndpointGroups", name)}],
                **external,
                **mark,
            },
        ),
        Resource("URL map", "urlMaps", name, {"default_service": site.compute("backendServices", name), **mark}),
        Resource(
            "redirect to HTTPS",
            "urlMaps",
            f"{name}-http",
            {
                "default_url_redirect": {
                    "https_redirect": True,
                    "strip_query": False,
                    "redirect_response_code": "MOVED_PERMANENTLY_DEFAULT",
                },
                **mark,
            },
        ),
        Resource(
            "HTTPS proxy",
            "targetHttpsProxies",
            name,
            {
                "url_map": site.compute("urlMaps", name),
                "certificate_map": _CERTIFICATES + site.certificates("certificateMaps", name),
                **mark,
            },
        ),
        Resource("HTTP proxy", "targetHttpProxies", name, {"url_map": site.compute("urlMaps", f"{name}-http"), **mark}),
        Resource(
            "HTTPS forwarding rule",
            "forwardingRules",
            name,
            {
                "I_p_address": address,
                "I_p_protocol": "TCP",
                "port_range": "443",
                "target": site.compute("targetHttpsProxies", name),
                **external,
                **mark,
            },
        ),
        Resource(
            "HTTP forwarding rule",
            "forwardingRules",
            f"{name}-http",
            {
                "I_p_address": address,
                "I_p_protocol": "TCP",
                "port_range": "80",
                "target": site.compute("targetHttpProxies", name),
                **external,
                **mark,
            },
        ),
    )


def host_plan(site: Site, domain: str, app: str, host: str) -> tuple[Resource, ...]:
    """One more name for one app behind the load balancer of `domain`."""
    name = name_of(host)
    mark = {"description": f"DevGem: {host}; {site.mark}"}
    return (
        *certificate_of(site, host, (host,)),
        entry_of(site, "certificate map entry", domain, host, name, name),
        Resource(
            "network endpoint group",
            "networkEndpointGroups",
            name,
            {"network_endpoint_type": "SERVERLESS", "cloud_run": {"service": app}, **mark},
        ),
        Resource(
            "backend service",
            "backendServices",
            name,
            {
                "protocol": "HTTPS",
                "load_balancing_scheme": "EXTERNAL_MANAGED",
                "backends": [{"group": site.regional("networkEndpointGroups", name)}],
                **mark,
            },
        ),
        Resource(
            "rule in the URL map",
            "rules",
            name,
            {
                "url_map": name_of(domain),
                "host": host,
                "service": site.compute("backendServices", name),
                **mark,
            },
        ),
    )
