"""A price as price books write it: what one unit costs a month, exact to six places."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

from cloudplan.base.schema import decimal_of, number_as_json, refused

PRICE_PLACES = 6


def _price(value: Any) -> Decimal:
    """Read a price; however it was spelled, it has two decimals, or as many more as it needs."""
    found = decimal_of(value)
    if found is None or found < 0 or -int(found.as_tuple().exponent) > PRICE_PLACES:
        raise refused(f"a decimal number >= 0, at most {PRICE_PLACES} places", _price)
    whole_part, _, decimals = f"{abs(found):f}".partition(".")
    return Decimal(f"{whole_part}.{decimals.rstrip('0'):0<2}")


Price = Annotated[Decimal, BeforeValidator(_price, json_schema_input_type=number_as_json({"minimum": 0}, PRICE_PLACES))]
