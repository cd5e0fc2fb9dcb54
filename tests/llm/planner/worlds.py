"""The states of things in which the utterances are said."""

from dataclasses import replace

from devgem.llm.planner import KnownApp, World

SHOP = KnownApp(
    "shop",
    "https://github.com/ann/shop",
    url="http://shop.localhost:8080",
    status="live",
    revision=5,
    revisions=(1, 2, 3, 4, 5),
)
BLOG = KnownApp(
    "blog", "https://github.com/ann/blog", url="http://blog.localhost:8080", status="live", revision=2, revisions=(1, 2)
)
API = KnownApp("api-server", "https://github.com/acme/api-server", dir="services/api", ref="main", status="failed")
THREE = World((SHOP, BLOG, API))

WORLDS = {
    "none": World(),
    "one": World((SHOP,)),
    "three": THREE,
    "spoken": replace(THREE, last_app="blog"),
    "failed": replace(THREE, last_app="api-server", failed="api-server", failure="No module named 'flask'"),
    "running": replace(THREE, last_app="blog", running=("blog",)),
    "running2": replace(THREE, running=("shop", "blog")),
    "edited": replace(THREE, last_app="shop", edited=("shop",)),
}
