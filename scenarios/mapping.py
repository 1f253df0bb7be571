"""Plans on the map: layers for geographic systems, and the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from shapely.geometry import LineString, MultiLineString
from shapely.geometry import Point as Dot

from data.roads import RoadNetwork, list_lines, trace_paths
from data.writers import (
    Feature,
    LayerStyle,
    MapLayer,
    MapPicture,
    MapRun,
    MapSchool,
    format_time,
    pick_colours,
)
from scenarios.comparison import Metrics
from solver.domain import SESSIONS, CostedPlan, Instance, Point, Route, Run, Session

Line = list[tuple[float, float]]


def build_layers(
    costed: CostedPlan, network: RoadNetwork | None, *, has_homes: bool = True
) -> list[MapLayer]:
    """Build the layers runs AM, runs PM, stops and schools.

    Parameters
    ----------
    network
        Lines follow its roads; without one they are straight.
    has_homes
        Without, nothing shows where a pupil lives: only the schools, and routes by their totals.
    """
    layers = []
    if has_homes:
        layers += [_build_runs(costed, session, network) for session in SESSIONS]
        layers.append(_build_stops(costed))
    layers.append(_build_schools(costed))
    return layers


def build_picture(
    costed: CostedPlan,
    session: Session,
    network: RoadNetwork,
    metrics: Metrics,
    title: str,
    vehicle_names: Mapping[str, str],
) -> MapPicture:
    """Build the picture of one session's runs over the roads, coloured by vehicle type.

    Parameters
    ----------
    vehicle_names
        What a person calls each vehicle type, by code.
    """
    instance, plan = costed.plan.get_session(session)
    lines = _trace_runs(instance, plan.runs, network)
    route_of = _number_routes(costed.plan.routes, session)
    groups = [vehicle_names.get(kind.code, kind.code) for kind in instance.fleet]
    runs = [
        MapRun(
            reference=costed.plan.routes[route_of[i]].reference if i in route_of else "",
            group=groups[run.vehicle_type],
            lines=tuple(lines[i]),
        )
        for i, run in enumerate(plan.runs)
    ]
    runs.sort(key=lambda run: groups.index(run.group))
    stops = dict.fromkeys(instance.stops[rider.stop] for rider in instance.riders)
    homes = [(point.lon, point.lat) for point in stops]
    pupils = len({rider.reference for rider in instance.riders})
    schools = {call.urn: call for call in instance.schools}
    part = "morning" if session == "AM" else "afternoon"
    return MapPicture(
        title=title,
        subtitle=f"{len(runs)} {part} runs, {pupils} pupils, "
        f"£{metrics.year_pence / 100:,.0f} a year for the whole plan",
        roads=list_lines(network),
        runs=runs,
        schools=[
            MapSchool(c.name, instance.stops[c.stop].lon, instance.stops[c.stop].lat)
            for c in schools.values()
        ],
        homes=homes,
        figures=[
            ("Routes", f"{metrics.routes}"),
            ("Assistants", f"{metrics.assistants}"),
            ("Longest ride", f"{metrics.ride_max_min:.0f} min"),
            ("Pupils over 45 min", f"{metrics.over_45}"),
            ("Unassigned", f"{metrics.unassigned}"),
        ],
        group_title="Runs by vehicle",
    )


def _number_routes(routes: Sequence[Route], session: Session) -> dict[int, int]:
    """The route of each run of a session."""
    numbers = {}
    for number, route in enumerate(routes):
        numbers.update(dict.fromkeys(route.list_runs(session), number))
    return numbers


def _trace_runs(
    instance: Instance, runs: Sequence[Run], network: RoadNetwork | None
) -> list[list[Line]]:
    """Lines of each run, leg by leg."""
    legs: list[tuple[Point, Point]] = []
    counts = []
    for run in runs:
        stops = [instance.stops[visit.stop] for visit in run.visits]
        pairs = [(a, b) for a, b in pairwise(stops) if a != b]
        legs += pairs
        counts.append(len(pairs))
    if network is None:
        lines: list[Line] = [[(a.lon, a.lat), (b.lon, b.lat)] for a, b in legs]
    else:
        lines = [list(line) for line in trace_paths(network, legs)]
        for i, line in enumerate(lines):
            if len(line) < 2:
                a, b = legs[i]
                lines[i] = [(a.lon, a.lat), (b.lon, b.lat)]
    traced = []
    begin = 0
    for count in counts:
        traced.append(lines[begin : begin + count])
        begin += count
    return traced


def _build_runs(costed: CostedPlan, session: Session, network: RoadNetwork | None) -> MapLayer:
    instance, plan = costed.plan.get_session(session)
    traced = _trace_runs(instance, plan.runs, network)
    route_of = _number_routes(costed.plan.routes, session)
    features = []
    for i, run in enumerate(plan.runs):
        schools = [instance.schools[v.school].name for v in run.visits if v.school is not None]
        features.append(
            Feature(
                MultiLineString([LineString(line) for line in traced[i]])
                if traced[i]
                else _dot_line(instance, run),
                {
                    "route": costed.plan.routes[route_of[i]].reference if i in route_of else "",
                    "session": session,
                    "vehicle": instance.fleet[run.vehicle_type].code,
                    "pupils": len({instance.riders[r].reference for r in run.riders}),
                    "assistants": max((day.assistants for day in run.days), default=0),
                    "schools": "; ".join(schools),
                    "first": format_time(min(t for d in run.days for t in d.start_s if t >= 0)),
                    "last": format_time(max(t for d in run.days for t in d.depart_s)),
                },
            )
        )
    codes = [kind.code for kind in instance.fleet]
    return MapLayer(
        name=f"runs_{session.lower()}",
        geometry_kind="line",
        features=tuple(features),
        style=LayerStyle(colour_by="vehicle", colours=pick_colours(codes), size_mm=0.7),
        fields=(
            "route",
            "session",
            "vehicle",
            "pupils",
            "assistants",
            "schools",
            "first",
            "last",
        ),
    )


def _dot_line(instance: Instance, run: Run) -> MultiLineString:
    """A run whose stops are all at one place: a line of no length there."""
    point = instance.stops[run.visits[0].stop]
    return MultiLineString([[(point.lon, point.lat), (point.lon, point.lat)]])


def _build_stops(costed: CostedPlan) -> MapLayer:
    features = []
    for session in SESSIONS:
        instance, plan = costed.plan.get_session(session)
        route_of = _number_routes(costed.plan.routes, session)
        for i, run in enumerate(plan.runs):
            for order, visit in enumerate(run.visits, start=1):
                point = instance.stops[visit.stop]
                starts = sorted({day.start_s[order - 1] for day in run.days} - {-1})
                features.append(
                    Feature(
                        Dot(point.lon, point.lat),
                        {
                            "route": costed.plan.routes[route_of[i]].reference
                            if i in route_of
                            else "",
                            "session": session,
                            "order": order,
                            "kind": "home" if visit.school is None else "school",
                            "pupils": len({instance.riders[r].reference for r in visit.riders}),
                            "times": ", ".join(map(format_time, starts)),
                        },
                    )
                )
    return MapLayer(
        name="stops",
        geometry_kind="point",
        features=tuple(features),
        style=LayerStyle(
            colour_by="kind", colours=(("home", "#555555"), ("school", "#f5c518")), size_mm=1.8
        ),
        fields=("route", "session", "order", "kind", "pupils", "times"),
    )


def _build_schools(costed: CostedPlan) -> MapLayer:
    found: dict[str, tuple[str, Point]] = {}
    going: set[tuple[str, str]] = set()
    for session in SESSIONS:
        instance, _ = costed.plan.get_session(session)
        for call in instance.schools:
            found[call.urn] = (call.name, instance.stops[call.stop])
        going |= {(instance.schools[r.school].urn, r.reference) for r in instance.riders}
    pupils = Counter(urn for urn, _ in going)
    features = tuple(
        Feature(Dot(point.lon, point.lat), {"urn": urn, "name": name, "pupils": pupils[urn]})
        for urn, (name, point) in sorted(found.items())
    )
    return MapLayer(
        name="schools",
        geometry_kind="point",
        features=features,
        style=LayerStyle(colours=(("", "#f5c518"),), size_mm=3.5, label_by="name"),
        fields=("urn", "name", "pupils"),
    )
