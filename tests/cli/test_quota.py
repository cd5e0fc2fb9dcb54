"""`devgem quota`: the board as a person and as a program reads it."""

import json

from devgem.cli import quota
from tests.cli.conftest import Product

ENDPOINT = {
    "id": "vertex/us-central1",
    "rpm": {"used": 3, "limit": 60},
    "rph": {"used": 12, "limit": None},
    "tpm": {"used": 1200, "limit": 1_000_000},
    "circuit": "open",
    "reason": "5 errors of 503",
    "retry_in_seconds": 12.0,
    "ceiling": 0.5,
}
BOARD = {
    "waiting": {"deploy": 1, "analyze": 0, "chat": 2, "background": 0},
    "processes": 3,
    "degraded": "Redis does not answer",
    "spent": {"day_tokens": 1234, "day_limit": 5000, "cost_usd": None},
}


def test_a_limit_that_is_not_known_is_said_to_be_unknown() -> None:
    told = quota._row(ENDPOINT)
    assert told[:4] == ("vertex/us-central1", "3/60", "12/unknown", "1,200/1,000,000")
    assert told[4] == "open, 5 errors of 503, next try in 12.0 s, at 50% of its limits"


def test_who_waits_and_what_is_wrong_is_told() -> None:
    assert quota._facts(BOARD) == {
        "waiting": "deploy 1, analyze 0, chat 2, background 0",
        "processes": "3",
        "today": "1,234 of 5,000 tokens",
        "degraded": "Redis does not answer",
    }


def test_without_a_model_the_board_says_who_answers(product: Product) -> None:
    assert "DevGem's own rules" in product.devgem.run("quota").stdout
    board = json.loads(product.devgem.run("quota", "--json").stdout)
    assert (board["endpoints"], board["degraded"]) == ([], "")
