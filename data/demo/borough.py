"""Write the demo borough: the same files that a council hands in, and a roads file."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from data.demo.anchors import ATTRIBUTION, BUNDLED_POSTCODES, read_anchors
from data.demo.assumptions import ASSUMPTIONS, Assumption
from data.demo.contract import build_contract
from data.demo.council_files import write_council_files, write_csv
from data.demo.osm_file import write_osm
from data.demo.pupils import build_pupils
from data.demo.roads import build_roads
from data.demo.schools import build_schools, count_schools
from data.readers.council import CouncilFiles
from solver.domain import SchoolrunError

SMALLEST: Final = 50
LARGEST: Final = 20_000
BOROUGH_NAME: Final = "Demo borough (synthetic)"

_KINDS: Final = (
    "pupils",
    "addresses",
    "schools",
    "vehicles",
    "rate_card",
    "calendar",
    "contract",
    "contract_pupils",
)

_README: Final = """SYNTHETIC DATA: the demo borough of Schoolrun

No pupil, school, operator, road or contract in these files is real. They were generated with seed
{seed}: {pupils} pupils, {schools} schools, {routes} routes of today's contract. Only the postcodes
are real; they are used as places, and nobody described here lives there.

synthetic_pupils.csv, synthetic_addresses.csv   pupils and their second homes
synthetic_schools.csv                           schools with bells, finishes and training days
synthetic_vehicles.csv, synthetic_rate_card.csv vehicle types and prices, graded assumed
synthetic_calendar.csv                          school year 2026/27, 190 open days
synthetic_contract.csv                          today's routes, operators and daily prices
synthetic_contract_pupils.csv                   who rides on which route, in what order where known
synthetic_roads.osm                             roads drawn from the pattern of the postcodes
synthetic_assumptions.csv                       every figure behind the above, its grade and source
{postcodes:<47} the real postcodes

{source}
"""


class BoroughSizeError(SchoolrunError):
    """A demo borough is asked for with too few or too many pupils."""

    def __init__(self, pupils: int) -> None:
        super().__init__(
            f"a demo borough has {SMALLEST} to {LARGEST:,} pupils, not {pupils:,}: "
            "ask for a number within that"
        )


@dataclass(frozen=True, slots=True)
class BoroughFiles:
    """Where a demo borough was written.

    Parameters
    ----------
    council
        The council's files, for `read_council(..., is_synthetic=True)`.
    roads
        The roads as OpenStreetMap XML, for `read_network`.
    assumptions
        Every figure behind the borough with its grade and source (CSV).
    readme
        What the files are, and the attribution that goes with them.
    """

    council: CouncilFiles
    roads: Path
    assumptions: Path
    readme: Path


def write_borough(
    folder: Path, *, pupils: int = 450, seed: int = 42, postcodes: Path | None = None
) -> BoroughFiles:
    """Write a synthetic borough to `folder`; the same arguments give the same bytes.

    Parameters
    ----------
    folder
        Made where it does not exist; files of an earlier borough in it are replaced.
    pupils
        50 to 20,000.
    seed
        Seed of everything that is drawn.
    postcodes
        Code-Point Open with headers; the bundled file of Walsall's postcodes unless given.

    Raises
    ------
    BoroughSizeError
        If `pupils` is out of range.
    PostcodesFileError
        If `postcodes` is no such file, or has too few postcodes.
    """
    if not SMALLEST <= pupils <= LARGEST:
        raise BoroughSizeError(pupils)
    folder.mkdir(parents=True, exist_ok=True)
    source = postcodes or BUNDLED_POSTCODES
    anchors = read_anchors(source)
    road_rng, school_rng, pupil_rng, contract_rng = (
        np.random.Generator(np.random.PCG64([seed, part])) for part in range(4)
    )
    road_map = build_roads(anchors.xy_m, road_rng)
    homes_m = anchors.xy_m[anchors.is_home]
    schools = build_schools(count_schools(pupils), homes_m, road_map.outer_centres_m, school_rng)
    people = build_pupils(pupils, anchors, schools, pupil_rng)
    routes = build_contract(people, schools, contract_rng)
    council = CouncilFiles(
        **{kind: folder / f"synthetic_{kind}.csv" for kind in _KINDS},
        postcodes=(_copy(source, folder),),
    )
    write_council_files(council, people, schools, routes)
    roads = folder / "synthetic_roads.osm"
    write_osm(roads, road_map)
    assumptions = folder / "synthetic_assumptions.csv"
    write_csv(assumptions, Assumption._fields, ASSUMPTIONS)
    figures = {"pupils": pupils, "seed": seed, "schools": len(schools), "routes": len(routes)}
    readme = _write_readme(folder, figures, source.name)
    return BoroughFiles(council, roads, assumptions, readme)


def _copy(source: Path, folder: Path) -> Path:
    target = folder / source.name
    if source.resolve() != target.resolve():
        shutil.copyfile(source, target)
    return target


def _write_readme(folder: Path, figures: dict[str, int], postcodes: str) -> Path:
    path = folder / "README.txt"
    text = _README.format(**figures, postcodes=postcodes, source=ATTRIBUTION)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
