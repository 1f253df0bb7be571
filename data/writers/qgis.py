"""Layer styles as QGIS 3 reads them (QML)."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from data.writers.tables import GeometryKind, MapLayer

_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SYMBOL_TYPES: Final[dict[GeometryKind, tuple[str, str]]] = {
    "point": ("marker", "SimpleMarker"),
    "line": ("line", "SimpleLine"),
    "polygon": ("fill", "SimpleFill"),
}
_INK: Final = "27,42,65,255"
_WHITE: Final = "255,255,255,255"


def build_qml(layer: MapLayer) -> str:
    """Return the layer's style: a colour for each value of one property or one for all, and labels.

    Values without a colour of their own are drawn grey, so nothing on the map goes missing.
    """
    style = layer.style
    root = Element(
        "qgis",
        version="3.28",
        styleCategories="Symbology|Labeling",
        labelsEnabled="1" if style.label_by else "0",
    )
    if style.colour_by:
        renderer = SubElement(
            root, "renderer-v2", type="categorizedSymbol", attr=style.colour_by, enableorderby="0"
        )
        categories = SubElement(renderer, "categories")
        symbols = SubElement(renderer, "symbols")
        entries = [*style.colours, ("", "#8a8f98")]
        for index, (value, colour) in enumerate(entries):
            SubElement(
                categories,
                "category",
                symbol=str(index),
                value=value,
                label=value or "other",
                render="true",
                type="string",
            )
            _add_symbol(symbols, str(index), layer, colour)
    else:
        renderer = SubElement(root, "renderer-v2", type="singleSymbol", enableorderby="0")
        _add_symbol(SubElement(renderer, "symbols"), "0", layer, style.colours[0][1])
    if style.label_by:
        _add_labels(root, layer)
    return _DOCTYPE + tostring(root, encoding="unicode")


def _add_symbol(symbols: Element, name: str, layer: MapLayer, colour: str) -> None:
    kind, layer_class = _SYMBOL_TYPES[layer.geometry_kind]
    symbol = SubElement(
        symbols, "symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    part = SubElement(symbol, "layer", {"class": layer_class, "enabled": "1", "pass": "0"})
    options = SubElement(part, "Option", type="Map")
    for key, value in _symbol_options(layer, colour).items():
        SubElement(options, "Option", name=key, value=value, type="QString")


def _symbol_options(layer: MapLayer, colour: str) -> dict[str, str]:
    rgba, size = _to_rgba(colour), f"{layer.style.size_mm:g}"
    match layer.geometry_kind:
        case "line":
            return {
                "line_color": rgba,
                "line_width": size,
                "line_width_unit": "MM",
                "line_style": "solid",
                "capstyle": "round",
                "joinstyle": "round",
            }
        case "point":
            return {
                "name": "circle",
                "color": rgba,
                "size": size,
                "size_unit": "MM",
                "outline_color": _WHITE,
                "outline_width": "0.2",
                "outline_style": "solid",
            }
        case "polygon":
            return {
                "color": _to_rgba(colour, alpha=96),
                "style": "solid",
                "outline_color": rgba,
                "outline_width": size,
                "outline_style": "solid",
            }


def _add_labels(root: Element, layer: MapLayer) -> None:
    labeling = SubElement(root, "labeling", type="simple")
    settings = SubElement(labeling, "settings", calloutType="simple")
    text = SubElement(
        settings,
        "text-style",
        fieldName=layer.style.label_by,
        isExpression="0",
        fontSize="8",
        fontSizeUnit="Point",
        textColor=_INK,
        textOpacity="1",
    )
    SubElement(
        text,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferColor=_WHITE,
        bufferOpacity="1",
    )
    placement = "2" if layer.geometry_kind == "line" else "0"  # along the line, or around the point
    SubElement(settings, "placement", placement=placement, dist="1", priority="5")
    SubElement(settings, "rendering", obstacle="1", scaleVisibility="0")


def _to_rgba(colour: str, alpha: int = 255) -> str:
    """Turn "#rrggbb" into "r,g,b,a"; raises `ValueError` for anything else."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"{red},{green},{blue},{alpha}"
