"""What tokens cost, in US dollars per million, as Google's price list had it.

Source: https://ai.google.dev/gemini-api/docs/pricing (paid tier, standard, text), read on 2026-10-07; Vertex AI's list
has the same numbers for these models. A model that is not listed has no price here: none is ever guessed.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """`input_above` and `output_above` hold for prompts of more than `above_tokens`."""

    input: Decimal
    cached: Decimal
    output: Decimal
    since: date = date.min
    above_tokens: int | None = None
    input_above: Decimal = Decimal(0)
    output_above: Decimal = Decimal(0)


def _price(input: str, cached: str, output: str, since: date = date.min) -> Price:
    return Price(Decimal(input), Decimal(cached), Decimal(output), since)


_FROM_2027 = date(2027, 1, 1)
_FLASH_3_6 = (_price("0.75", "0.075", "3.75"), _price("1.50", "0.15", "7.50", _FROM_2027))
PRICES: dict[str, tuple[Price, ...]] = {
    "gemini-3.8-flash": _FLASH_3_6,
    "gemini-3.7-flash": _FLASH_3_6,
    "gemini-3.6-flash": _FLASH_3_6,
    "gemini-3.5-flash": (_price("1.50", "0.15", "9.00"),),
    "gemini-3.5-flash-lite": (_price("0.30", "0.03", "2.50"),),
    "gemini-3.1-flash-lite": (_price("0.25", "0.025", "1.50"),),
    "gemini-3-flash-preview": (_price("0.50", "0.05", "3.00"),),
    "gemini-3.1-pro-preview": (
        Price(
            Decimal("2.00"), Decimal("0.20"), Decimal("12.00"),
            above_tokens=200_000, input_above=Decimal("4.00"), output_above=Decimal("18.00"),
        ),
    ),
    "gemini-2.5-flash": (_price("0.30", "0.03", "2.50"),),
    "gemini-2.5-flash-lite": (_price("0.10", "0.01", "0.40"),),
}  # fmt: skip


def cost_usd(model: str, *, input_tokens: int, output_tokens: int, cached_tokens: int, on: date) -> Decimal | None:
    """`input_tokens` include the cached ones, `output_tokens` the thoughts. None where the price is not known."""
    price = _at(model, on)
    if price is None:
        return None
    is_long = price.above_tokens is not None and input_tokens > price.above_tokens
    per_input, per_output = (price.input_above, price.output_above) if is_long else (price.input, price.output)
    per_cached = price.cached * per_input / price.input
    fresh = max(input_tokens - cached_tokens, 0)
    return (fresh * per_input + cached_tokens * per_cached + output_tokens * per_output) / 1_000_000


def _at(model: str, on: date) -> Price | None:
    held = [price for price in PRICES.get(model, ()) if price.since <= on]
    return max(held, key=lambda price: price.since) if held else None
