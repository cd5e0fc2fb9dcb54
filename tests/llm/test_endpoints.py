"""The settings' texts as endpoints."""

import pytest

from devgem.domain.errors import InvalidInput
from devgem.llm.endpoints import DEFAULT_MODEL, Access, addresses, check_url, key_digest, read_places
from devgem.quota import Limits

BOTH = Access(project="p1", operator_key="operator-secret")


def ids(endpoints: str, model: str = "", access: Access = BOTH, user_key: str = "") -> list[str]:
    return [one.endpoint.id for one in addresses(read_places(endpoints, model), access, user_key)]


def test_the_default_order_is_four_regions_then_the_users_key_then_the_operators() -> None:
    user, operator = key_digest("user-secret"), key_digest("operator-secret")
    assert ids("", user_key="user-secret") == [
        f"vertex/us-central1/{DEFAULT_MODEL}",
        f"vertex/us-east1/{DEFAULT_MODEL}",
        f"vertex/europe-west1/{DEFAULT_MODEL}",
        f"vertex/asia-northeast1/{DEFAULT_MODEL}",
        f"gemini/{user}/{DEFAULT_MODEL}",
        f"gemini/{operator}/{DEFAULT_MODEL}",
    ]


def test_what_has_no_credentials_is_left_out() -> None:
    assert ids("", access=Access()) == []
    assert ids("", access=Access(project="p1"))[-1] == f"vertex/asia-northeast1/{DEFAULT_MODEL}"
    assert ids("", access=Access(operator_key=" ")) == []
    assert ids("", access=Access(operator_key="k")) == [f"gemini/{key_digest('k')}/{DEFAULT_MODEL}"]


def test_a_key_is_never_in_an_id_nor_in_a_text_of_an_address() -> None:
    found = addresses(read_places("", ""), BOTH, "user-secret")
    assert "secret" not in repr(found)
    assert {one.api_key for one in found} == {"", "user-secret", "operator-secret"}
    assert "secret" not in repr(BOTH)


def test_a_users_own_quota_is_not_shared_and_counts_input_alone() -> None:
    user, operator = addresses(read_places("gemini", ""), BOTH, "user-secret")
    assert not user.endpoint.shared and operator.endpoint.shared
    assert not user.endpoint.counts_output
    assert addresses(read_places("vertex/global", ""), BOTH)[0].endpoint.counts_output


def test_one_key_is_one_quota_whoever_brings_it() -> None:
    assert len(ids("gemini", access=Access(operator_key="same"), user_key="same")) == 1


def test_endpoints_limits_and_models_are_read_in_order() -> None:
    places = read_places(
        "vertex/europe-west1?rpm=60&tpm=250000&rph=1000&tph=9000; vertex/global?model=gemini-4-argon;\n"
        " gemini?key=operator&rpm=10 ;",
        "vertex=gemini-3.5-flash, gemini=gemini-3.5-flash-lite, vertex/global=gemini-3.7-flash",
    )
    assert [(one.provider, one.region, one.model, one.key) for one in places] == [
        ("vertex", "europe-west1", "gemini-3.5-flash", ""),
        ("vertex", "global", "gemini-4-argon", ""),
        ("gemini", "", "gemini-3.5-flash-lite", "operator"),
    ]
    assert places[0].limits == Limits(60, 250_000, 1000, 9000)
    assert places[2].limits == Limits(rpm=10)


def test_one_model_name_is_for_all() -> None:
    assert {one.model for one in read_places("", "gemini-3.5-flash")} == {"gemini-3.5-flash"}
    assert {one.model for one in read_places("", " gemini-3.5-flash , gemini=gemini-4-argon")} == {
        "gemini-3.5-flash",
        "gemini-4-argon",
    }


@pytest.mark.parametrize(
    ("endpoints", "named"),
    [
        ("openai/gpt", "openai"),
        ("vertex", "'vertex'"),
        ("vertex/", "vertex/"),
        ("vertex/US Central", "US Central"),
        ("gemini/us-east1", "gemini/us-east1"),
        ("gemini?key=AIzaSecret", "user and operator"),
        ("vertex/global?key=user", "'key'"),
        ("vertex/global?rpm=0", "wrong rpm"),
        ("vertex/global?rpm=-5", "wrong rpm"),
        ("vertex/global?rpm=1e3", "wrong rpm"),
        ("vertex/global?rpm=²", "wrong rpm"),
        ("vertex/global?rpm=" + "9" * 400, "wrong rpm"),
        ("vertex/global?rpm=", "wrong rpm"),
        ("vertex/global?rpd=5", "'rpd'"),
        ("vertex/global?rpm=5&rpm=6", "twice"),
        ("vertex/global?model=../x", "../x"),
        ("vertex/global?&&", "cannot be read"),
        ("vertex/global; vertex/global", "twice"),
        ("gemini; gemini?key=user", "twice"),
    ],
)
def test_a_wrong_endpoint_is_named_with_the_remedy(endpoints: str, named: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_places(endpoints, "")
    assert named in caught.value.message
    assert "DEVGEM_ENDPOINTS" in caught.value.message
    assert "vertex/us-central1" in caught.value.fix
    assert len(caught.value.message) < 300
    assert "AIza" not in caught.value.message


@pytest.mark.parametrize("model", ["Gemini 3", "openai=gpt", "=x", "vertex=", "a b"])
def test_a_wrong_model_is_named_with_the_remedy(model: str) -> None:
    with pytest.raises(InvalidInput, match="DEVGEM_GEMINI_MODEL"):
        read_places("", model)


def test_another_address_is_used_as_it_is_given() -> None:
    access = Access("p1", "k", "http://127.0.0.1:9/", "https://gemini.internal/base/")
    urls = {one.endpoint.provider: one.base_url for one in addresses(read_places("", ""), access)}
    assert urls == {"vertex": "http://127.0.0.1:9", "gemini": "https://gemini.internal/base"}


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:80", "https://", "https://x?y=1", "https://x#y"])
def test_a_wrong_url_is_named(url: str) -> None:
    with pytest.raises(InvalidInput, match="DEVGEM_GEMINI_URL"):
        check_url("DEVGEM_GEMINI_URL", url)
