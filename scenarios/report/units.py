"""What several tables share."""

from __future__ import annotations

from decimal import Decimal


def pounds(pence: int) -> Decimal:
    """Return pence as pounds, exactly."""
    return Decimal(pence) / 100
