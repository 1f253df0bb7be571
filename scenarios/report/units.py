"""What several tables share."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_PENNY = Decimal("0.01")
_TENTH_OF_A_PER_CENT = Decimal("0.001")


def pounds(pence: int) -> Decimal:
    """Return pence as pounds, exactly."""
    return Decimal(pence) / 100


def round_bound(gbp: float) -> Decimal:
    """Round a lower bound down to a penny, so that what is shown holds as well."""
    return _to_decimal(gbp).quantize(_PENNY, ROUND_FLOOR) + 0


def round_gap(share: float) -> Decimal:
    """Round a gap up to a tenth of a per cent, so that "at most" holds for what is shown."""
    return _to_decimal(share).quantize(_TENTH_OF_A_PER_CENT, ROUND_CEILING) + 0


def _to_decimal(value: float) -> Decimal:
    """Return a float as a decimal without the noise of its last binary places."""
    return Decimal(f"{value:.9f}")
