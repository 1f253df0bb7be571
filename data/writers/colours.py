"""Colours that people who see colours differently can tell apart, the same on map and in QGIS."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from typing import Final

PALETTE: Final = (
    "#1d6fa5",  # blue
    "#d1495b",  # red
    "#2f8f5b",  # green
    "#8153a8",  # violet
    "#d9820f",  # amber
    "#138d90",  # teal
    "#8a5a2b",  # brown
    "#c2579b",  # pink
)
_SHADES: Final = (0.0, 0.09, -0.09, 0.16, -0.05, 0.05)


def pick_colours(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pair each distinct value, in the order of first sight, with a colour "#rrggbb".

    From the ninth value on, the palette comes again in other shades.
    """
    pairs = []
    for number, value in enumerate(dict.fromkeys(values)):
        turn, index = divmod(number, len(PALETTE))
        pairs.append((value, shade_colour(PALETTE[index], turn)))
    return tuple(pairs)


def shade_colour(colour: str, number: int) -> str:
    """Return a shade of `colour`, "#rrggbb": 0 is itself, the next are lighter or darker."""
    red, green, blue = (part / 255 for part in bytes.fromhex(colour.removeprefix("#")))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    lightness = min(0.78, max(0.22, lightness + _SHADES[number % len(_SHADES)]))
    parts = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
