"""The AM session of a demo borough: as the service builds it, or as a reference file."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.instances import write_instance
from data.demo import BoroughFiles, write_borough
from data.readers import read_council
from data.roads import RoadNetwork, read_network
from scenarios.instances import build_sessions
from solver.domain import (
    Dataset,
    Instance,
    InstanceError,
    Policy,
    RateCard,
    Rider,
    TravelMatrix,
)

_ASSISTANT = {"none": "none", "shared": "shared", "dedicated": "one_to_one"}


@dataclass(frozen=True, slots=True)
class DemoSession:
    """An AM session with the seconds that its stages took."""

    instance: Instance
    matrix: TravelMatrix
    write_s: float
    read_s: float
    build_s: float


def build_demo_session(folder: Path, pupils: int, seed: int) -> DemoSession:
    """Write a borough's files into `folder`, read them as an upload, and build its AM session.

    Raises
    ------
    InstanceError
        If the reader finds a fatal fault in the demo's own files.
    """
    began = time.perf_counter()
    borough = write_borough(folder, pupils=pupils, seed=seed)
    written = time.perf_counter()
    dataset, rate_card, network = read_demo(borough)
    read = time.perf_counter()
    sessions = build_sessions(dataset, Policy(), rate_card, network)
    built = time.perf_counter()
    return DemoSession(
        sessions.instances["AM"],
        sessions.matrices["AM"],
        written - began,
        read - written,
        built - read,
    )


def read_demo(borough: BoroughFiles) -> tuple[Dataset, RateCard, RoadNetwork]:
    """Read a borough's files as an upload, with its roads.

    Raises
    ------
    InstanceError
        If the reader finds a fatal fault in the demo's own files.
    """
    council = read_council(borough.council, name="demo borough")
    network = read_network(borough.roads, cache=borough.roads.parent / "networks")
    if council.dataset is None or council.rate_card is None:
        raise InstanceError(f"the demo borough is refused: {council.report}")
    return council.dataset, council.rate_card, network


def write_demo_instance(folder: Path, pupils: int, seed: int) -> Path:
    """Write a demo borough's AM session as far as the reference format can say it.

    Left out: weekdays (a pupil of several records keeps the first), tags, folded chairs, siblings
    who must share, one stop for one door, targets, the limit of schools a run, bases and counts.
    """
    with tempfile.TemporaryDirectory() as scratch:
        session = build_demo_session(Path(scratch), pupils, seed)
    instance = session.instance
    riders = list({rider.reference: rider for rider in reversed(instance.riders)}.values())[::-1]
    kept = {rider.reference for rider in riders}
    content = {
        "name": f"demo_{pupils}_s{seed}",
        "points": [[round(lat, 6), round(lon, 6)] for lat, lon in instance.stops],
        "pupils": [_describe_rider(rider, instance, kept) for rider in riders],
        "schools": [
            {
                "id": f"S{i}",
                "point": call.stop,
                "arrive_from": call.window_from_s,
                "arrive_to": call.window_to_s,
                "unload_s": call.dwell_s,
            }
            for i, call in enumerate(instance.schools)
        ],
        "vehicle_types": [
            {
                "id": kind.code,
                "layouts": [[layout.seats, layout.bays] for layout in kind.layouts],
                "lift": kind.has_lift,
                "fixed": kind.session_charge,
                "per_km": kind.per_live_m * 1000,
                "per_hour": kind.per_driver_s * 3600,
                "count": None,
                "depot": None,
            }
            for kind in instance.fleet
        ],
        "pa_per_hour": instance.pa_per_s * 3600,
        "pa_fixed": instance.pa_fixed,
    }
    return write_instance(folder, content, session.matrix.time_s, session.matrix.dist_m)


def _describe_rider(rider: Rider, instance: Instance, kept: set[str]) -> dict[str, object]:
    others = {instance.riders[other].reference for other in rider.must_not_share}
    return {
        "id": rider.reference,
        "point": rider.stop,
        "school": f"S{rider.school}",
        "wheelchair": rider.bays,
        "seats": max(rider.seats, 1),
        "pa": _ASSISTANT[rider.assistant],
        "solo": rider.is_solo,
        "board_s": rider.dwell_s,
        "max_ride_s": rider.ride_cap_s,
        "needs_lift": rider.needs_lift,
        "incompatible": sorted(others & kept),
    }
