"""Host names that users write: one spelling each, and none that others could not reach."""

import pytest

from devgem.clouds.domains import check_host, shown
from devgem.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("shop.example.com", "shop.example.com"),
        (" Shop.Example.COM. ", "shop.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("例え。example。com", "xn--r8jz45g.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.example", "1.2.3.example"),
    ],
)
def test_a_name_has_one_spelling(text: str, host: str) -> None:
    assert check_host(text) == host
    assert check_host(shown(host)) == host


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "shop", "localhost", "shop.localhost", "a..b", "-a.example.com", "a-.example.com", "a_b.example.com",
        "https://shop.example.com", "shop.example.com/x", "shop.example.com:443", "user@example.com", "10.0.0.1",
        "::1", "*.example.com", "a.*.com", "a b.example.com", "a\n.example.com", "x" * 64 + ".com",
        ".".join(["a" * 60] * 5), "xn--zz--.example.com", "a.b.12", "☃" * 80 + ".com", "metadata.google.internal",
        "a\x00.example.com", "a.example.com\u202e",
    ],
)  # fmt: skip
def test_what_is_no_name_of_its_own_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_host(text)
    assert refused.value.fix
