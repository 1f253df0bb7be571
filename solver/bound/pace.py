"""How far the prices of a large session may rise, so that there is time to prove them."""

from __future__ import annotations

import math

SHARE = 0.3
"""The next prices take so much of the seconds left at most, as far as can be foreseen."""
_STEADY, _STEADY_LARGE, _STEADIEST = 0.5, 0.75, 0.875
_LEAST_S = 1e-3
_LEAST_GROWTH = 1.1
_LEAST_RISE = 0.05


class Pace:
    """How near to the best prices that are proven the next ones are: 1 no higher, 0 as all of them.

    Halfway up, of large sessions a quarter of the way; nearer where prices did not hold. From one
    share of the prices to the next the seconds that a proof takes grow by a factor, and for as much
    more by the same (500 pupils: by about 2.5 for a tenth): a large session goes no further than it
    has time for, but always a little.
    """

    def __init__(self, *, is_large: bool) -> None:
        self.is_large = is_large
        self.steady = _STEADY_LARGE if is_large else _STEADY
        self.held: list[tuple[float, float]] = []

    def note(self, share: float, seconds: float) -> None:
        """Note a share of the prices that was proven, and in how many seconds."""
        lower = [one for one in self.held if one[0] < share]
        self.held = [*lower, (share, max(seconds, _LEAST_S))]

    def choose(self, before: float, left_s: float, *, has_held: bool) -> float:
        """How near the next prices are, after those that were `before`."""
        steady = self.steady if has_held else max(self.steady, min((1 + before) / 2, _STEADIEST))
        if self.is_large and left_s < math.inf and len(self.held) >= 2:
            return max(steady, self._find_nearest(left_s))
        return steady

    def _find_nearest(self, left_s: float) -> float:
        """How near the next prices must be for the seconds left."""
        (low, little_s), (high, much_s) = self.held[-2:]
        if high >= 1.0:
            return 0.0
        growth = math.log(max(much_s / little_s, _LEAST_GROWTH)) / (high - low)
        more = math.log(max(SHARE * left_s, _LEAST_S) / much_s) / growth
        return 1.0 - min(max(more / (1.0 - high), _LEAST_RISE), 1.0)
