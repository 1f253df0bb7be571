"""The files that leave: workbooks, GeoJSON, GeoPackages and maps of plans and comparisons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from data.roads import RoadNetwork
from data.writers import (
    MapLayer,
    Provenance,
    build_geojson,
    draw_map,
    write_geopackage,
    write_workbook,
)
from scenarios import mapping, report
from scenarios.comparison import compare, measure_plan
from scenarios.lots import build_lottings
from solver.domain import CostedPlan, Dataset, Policy, RateCard, Session


def describe(
    title: str, dataset: Dataset, network: RoadNetwork | None, made_on: date
) -> Provenance:
    """Build what stands beside every figure: attribution, synthetic or not, illustrative."""
    attribution = tuple(dataset.attribution)
    if network is not None and network.attribution:
        attribution += (network.attribution,)
    return Provenance(
        title=title,
        made_on=made_on,
        attribution=tuple(dict.fromkeys(attribution)),
        notes=(report.ILLUSTRATIVE, *dataset.notes),
        is_synthetic=dataset.is_synthetic or (network is not None and network.is_synthetic),
    )


def write_comparison(
    path: Path,
    plans: Sequence[tuple[str, CostedPlan]],
    dataset: Dataset,
    settings: tuple[Policy, RateCard],
    made_on: date,
    *,
    has_pupils: bool,
) -> None:
    """Write the comparison of plans with the lots, routes and costs of the last of them."""
    tables = [report.build_comparison_table(compare(plans, dataset))]
    name, costed = plans[-1]
    lottings = build_lottings(costed, dataset) if not costed.plan.is_as_is else ()
    tables += report.list_plan_tables(costed, name, lottings, has_pupils=has_pupils)
    if has_pupils:
        tables += [
            report.build_violations_table(plan, title)
            for title, plan in plans
            if plan.plan.violations and plan.pricing == "rate card"
        ]
    tables.append(report.build_settings_table(*settings))
    about = describe(f"{dataset.name}: what next year costs", dataset, None, made_on)
    write_workbook(path, tables, about)


def write_plan(
    path: Path,
    name: str,
    costed: CostedPlan,
    dataset: Dataset,
    made_on: date,
    *,
    has_pupils: bool,
) -> None:
    """Write one plan as a workbook: lots, routes, stops and times, costs line by line."""
    lottings = build_lottings(costed, dataset) if not costed.plan.is_as_is else ()
    tables = report.list_plan_tables(costed, name, lottings, has_pupils=has_pupils)
    write_workbook(path, tables, describe(f"{dataset.name}: {name}", dataset, None, made_on))


def build_plan_geojson(
    costed: CostedPlan,
    dataset: Dataset,
    network: RoadNetwork | None,
    made_on: date,
    *,
    has_homes: bool,
) -> bytes:
    """Build one GeoJSON collection of both sessions' runs and the schools."""
    about = describe(costed.plan.name, dataset, network, made_on)
    layers = mapping.build_layers(costed, network, has_homes=has_homes)
    drawn = [build_geojson(layer, about) for layer in layers if layer.name != "stops"]
    collection = drawn[-1]
    features = []
    for part in drawn:
        for feature in part["features"]:
            feature["properties"] = {"layer": part["name"], **feature["properties"]}
            features.append(feature)
    boxes = [part["bbox"] for part in drawn if "bbox" in part]
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        collection["bbox"] = [min(west), min(south), max(east), max(north)]
    if not has_homes:
        collection["routes"] = _list_route_totals(costed)
    collection["features"] = features
    return json.dumps(collection).encode()


def _list_route_totals(costed: CostedPlan) -> list[dict[str, object]]:
    table = report.build_routes_table(costed, "")
    keep = ("Route", "Vehicle", "Assistants", "AM pupils", "PM pupils", "Cost a year")
    at = [i for i, column in enumerate(table.columns) if column.name in keep]
    return [
        {table.columns[i].name.lower().replace(" ", "_"): _plain(row[i]) for i in at}
        for row in table.rows
    ]


def _plain(value: object) -> object:
    return value if isinstance(value, int | str | None) else f"{value:.2f}"


def write_plan_geopackage(
    path: Path, costed: CostedPlan, dataset: Dataset, network: RoadNetwork | None, made_on: date
) -> None:
    """Write runs, stops and schools as a GeoPackage that opens styled."""
    layers: list[MapLayer] = mapping.build_layers(costed, network)
    write_geopackage(path, layers, describe(costed.plan.name, dataset, network, made_on))


def draw_plan(
    path: Path,
    name: str,
    costed: CostedPlan,
    dataset: Dataset,
    network: RoadNetwork,
    made_on: date,
    *,
    session: Session = "AM",
) -> None:
    """Draw one session of a plan as a PNG map."""
    metrics = measure_plan(name, costed, dataset)
    names = {kind.code: kind.name for kind in dataset.vehicle_types}
    title = f"{dataset.name}: {name}"
    picture = mapping.build_picture(costed, session, network, metrics, title, names)
    draw_map(path, picture, describe(name, dataset, network, made_on))
