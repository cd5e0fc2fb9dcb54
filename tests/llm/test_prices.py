"""Prices are those of the list, at their dates, or none."""

from datetime import date
from decimal import Decimal

from devgem.llm.endpoints import DEFAULT_MODEL
from devgem.llm.prices import PRICES, cost_usd

MILLION = 1_000_000


def cost(model: str, on: date = date(2026, 11, 23), **tokens: int) -> Decimal | None:
    counted = {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0} | tokens
    return cost_usd(model, on=on, **counted)


def test_a_call_costs_what_its_tokens_do() -> None:
    assert cost(DEFAULT_MODEL, input_tokens=MILLION) == Decimal("0.75")
    assert cost(DEFAULT_MODEL, output_tokens=MILLION) == Decimal("3.75")
    assert cost(DEFAULT_MODEL, input_tokens=MILLION, cached_tokens=MILLION) == Decimal("0.075")
    assert cost(DEFAULT_MODEL, input_tokens=MILLION, cached_tokens=MILLION // 2) == Decimal("0.4125")


def test_a_price_changes_at_its_date() -> None:
    assert cost(DEFAULT_MODEL, date(2026, 12, 31), input_tokens=MILLION) == Decimal("0.75")
    assert cost(DEFAULT_MODEL, date(2027, 1, 1), input_tokens=MILLION) == Decimal("1.50")


def test_long_prompts_cost_more_where_the_list_says_so() -> None:
    assert cost("gemini-3.1-pro-preview", input_tokens=200_000) == Decimal("0.4")
    assert cost("gemini-3.1-pro-preview", input_tokens=400_000) == Decimal("1.6")
    assert cost("gemini-3.1-pro-preview", input_tokens=400_000, cached_tokens=400_000) == Decimal("0.16")


def test_no_price_is_invented() -> None:
    assert cost("gemini-99-flash", input_tokens=MILLION) is None
    assert DEFAULT_MODEL in PRICES
