"""Read all files of a council together: one data set and rate card, or every fault and nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from data.faults import Fault, FaultReport
from data.readers.calendars import check_calendar
from data.readers.contract import build_contract, check_contract, check_contract_pupils
from data.readers.crosschecks import check_rates_known, check_schools_known, match_rates
from data.readers.fleet import check_rate_card, check_vehicles
from data.readers.gias import GIAS_ATTRIBUTION, GiasSchool, read_gias
from data.readers.kinds import FILE_KINDS
from data.readers.places import check_given_places, find_places
from data.readers.postcodes import POSTCODE_ATTRIBUTION, PostcodeIndex, read_postcodes
from data.readers.pupils import add_addresses, build_pupils, check_pupils
from data.readers.records import Record, RecordSet, read_records
from data.readers.schools import build_schools, check_schools
from data.readers.sharing import check_sharing, make_symmetric
from solver.domain import (
    ContractRoute,
    Dataset,
    Pupil,
    RateCard,
    School,
    SchoolrunError,
    TermCalendar,
    VehicleType,
)

PUBLISHED_KINDS: Final = ("gias", "postcodes")


class UnknownFileKindError(SchoolrunError):
    """A file is handed in under a kind that does not exist."""

    def __init__(self, kind: str) -> None:
        known = ", ".join((*FILE_KINDS, *PUBLISHED_KINDS))
        super().__init__(f"there is no kind of file {kind!r}; the kinds are: {known}")
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilFiles:
    """Paths of a council's own files and of the published files that go with them."""

    pupils: Path | None = None
    addresses: Path | None = None
    schools: Path | None = None
    vehicles: Path | None = None
    rate_card: Path | None = None
    calendar: Path | None = None
    contract: Path | None = None
    contract_pupils: Path | None = None
    gias: Path | None = None
    postcodes: tuple[Path, ...] = ()

    @classmethod
    def from_mapping(cls, paths: Mapping[str, Path | Sequence[Path]]) -> CouncilFiles:
        """Return the files of a mapping from kind to path; `postcodes` may have several paths.

        Raises
        ------
        UnknownFileKindError
            If a key is no kind of file.
        ValueError
            If several paths are given for a kind that has one.
        """
        known = {item.name for item in fields(cls)}
        given: dict[str, Any] = {}
        for kind, value in paths.items():
            if kind not in known:
                raise UnknownFileKindError(kind)
            several = (value,) if isinstance(value, Path) else tuple(value)
            if kind == "postcodes":
                given[kind] = several
            elif len(several) != 1:
                raise ValueError(f"{kind} is one file, not {len(several)}")
            else:
                given[kind] = several[0]
        return cls(**given)

    def list_own(self) -> Iterator[tuple[str, Path | None]]:
        """List the council's own kinds of file with their paths."""
        for kind in FILE_KINDS:
            yield kind, getattr(self, kind)


@dataclass(frozen=True, slots=True)
class CouncilData:
    """What the files hold: both parts are None where the report has an error."""

    dataset: Dataset | None
    rate_card: RateCard | None
    report: FaultReport


def read_council(files: CouncilFiles, *, name: str, is_synthetic: bool = False) -> CouncilData:
    """Read a council's files together with every check within and between them.

    Parameters
    ----------
    files
        The council's own files; pupils, schools, vehicles, rate card and calendar are needed.
        Faults name them by base name (with the kind where two have the same).
    name
        Name of the data set.
    is_synthetic
        The files were generated and describe no real pupil.

    Returns
    -------
    CouncilData
        All or nothing: with any error in any of the council's own files there is no data set and
        no rate card. Bad rows of published files are warnings.
    """
    reading = _Reading(files)
    return reading.finish(name, is_synthetic=is_synthetic)


def check_file(kind: str, path: Path) -> FaultReport:
    """Check one file by itself, as far as that goes without the others.

    Raises
    ------
    UnknownFileKindError
        If `kind` is no kind of file.
    """
    if kind == "gias":
        return read_gias(path)[1]
    if kind == "postcodes":
        return read_postcodes([path])[1]
    if kind not in FILE_KINDS:
        raise UnknownFileKindError(kind)
    records = read_records(FILE_KINDS[kind], path)
    _check_alone(records)
    return records.log.to_report()


def _check_alone(records: RecordSet) -> list[Record]:
    """Make the checks within one file; return the records that give a place."""
    match records.kind.name:
        case "pupils":
            return check_pupils(records)
        case "addresses":
            return check_given_places(records, is_needed=True, what="home")
        case "schools":
            return check_schools(records)
        case "contract":
            check_contract(records)
        case "contract_pupils":
            check_contract_pupils(records)
        case "vehicles":
            check_vehicles(records)
        case "rate_card":
            check_rate_card(records)
        case "calendar":
            check_calendar(records)
    return []


class _Reading:
    """One reading of a council's files: the record sets and what was built from them so far."""

    def __init__(self, files: CouncilFiles) -> None:
        self._files = files
        self._labels = _build_labels(files)
        self._missing: list[Fault] = []
        self._published = FaultReport()
        self._sets: dict[str, RecordSet] = {}
        self._placed: dict[str, list[Record]] = {}
        for kind, path in files.list_own():
            if path is not None:
                records = read_records(FILE_KINDS[kind], path, label=self._labels[kind])
                self._sets[kind] = records
        self._calendar: TermCalendar | None = None
        self._rate_card: RateCard | None = None
        self._vehicles: list[VehicleType] = []
        self._check_each()
        self._gias = self._read_gias()
        self._postcodes = self._read_postcodes()

    def finish(self, name: str, *, is_synthetic: bool) -> CouncilData:
        """Check between the files and return the outcome."""
        schools = self._build_schools()
        pupils = self._build_pupils()
        codes = {vehicle.code.casefold(): vehicle.code for vehicle in self._vehicles}
        self._check_between(codes)
        contract = self._build_contract()
        report = self._report()
        if report.is_fatal or self._calendar is None or self._rate_card is None:
            return CouncilData(None, None, report)
        dataset = Dataset(
            name=name,
            pupils=tuple(pupils),
            schools=tuple(schools),
            vehicle_types=tuple(self._vehicles),
            calendar=self._calendar,
            contract=tuple(contract),
            is_synthetic=is_synthetic,
            attribution=self._list_attributions(),
        )
        card = replace(self._rate_card, vehicles=match_rates(self._rate_card, codes))
        return CouncilData(dataset, card, report)

    def _check_each(self) -> None:
        """Make the checks within each file, and report needed files that are absent."""
        for kind in FILE_KINDS.values():
            records = self._sets.get(kind.name)
            if records is None:
                if kind.is_needed:
                    self._add_missing(kind.name, f"The file of {kind.title.lower()} is missing.")
            elif kind.name == "calendar":
                self._calendar = check_calendar(records)
            elif kind.name == "rate_card":
                self._rate_card = check_rate_card(records)
            elif kind.name == "vehicles":
                self._vehicles = check_vehicles(records)
            else:
                self._placed[kind.name] = _check_alone(records)
        if "contract_pupils" in self._sets and "contract" not in self._sets:
            self._add_missing("contract", "Pupils on routes are handed in without the contract.")

    def _add_missing(self, kind: str, text: str) -> None:
        remedy = "Hand it in together with the others; a template is to be had."
        self._missing.append(Fault(kind, None, "", "missing-file", text, remedy))

    def _read_gias(self) -> dict[str, GiasSchool] | None:
        if self._files.gias is None:
            return None
        wanted = {r["urn"] for r in self._records("schools") if r["urn"] is not None}
        gias, report = read_gias(self._files.gias, wanted=wanted, label=self._labels["gias"])
        self._published = self._published.merge(report)
        return gias

    def _read_postcodes(self) -> PostcodeIndex | None:
        """Read the postcode files for the postcodes that are asked for."""
        if not self._files.postcodes:
            return None
        placed = (record for records in self._placed.values() for record in records)
        wanted = {record["postcode"] for record in placed if record["postcode"]}
        labels = [path.name for path in self._files.postcodes]
        index, report = read_postcodes(self._files.postcodes, wanted=wanted, labels=labels)
        self._published = self._published.merge(report)
        return index

    def _records(self, kind: str) -> list[Record]:
        return self._sets[kind].records if kind in self._sets else []

    def _references(self) -> set[str]:
        return {r["reference"] for r in self._records("pupils") if r["reference"] is not None}

    def _build_schools(self) -> list[School]:
        records = self._sets.get("schools")
        if records is None:
            return []
        given = self._placed["schools"]
        in_gias = {urn for urn, school in (self._gias or {}).items() if school.point}
        # A school that GIAS places needs no postcode file, whatever postcode its row states.
        placed = [
            record
            for record in given
            if record["latitude"] is not None
            or record["easting"] is not None
            or record["urn"] not in in_gias
        ]
        places = find_places(placed, records, self._postcodes, name_column="urn")
        return build_schools(records, places, {record.row for record in given}, self._gias)

    def _build_pupils(self) -> list[Pupil]:
        records = self._sets.get("pupils")
        if records is None:
            return []
        check_sharing(records)
        places = find_places(
            self._placed["pupils"], records, self._postcodes, name_column="reference"
        )
        pupils = make_symmetric(build_pupils(records, places), records)
        addresses = self._sets.get("addresses")
        if addresses is None:
            return pupils
        others = find_places(
            self._placed["addresses"], addresses, self._postcodes, name_column="pupil_reference"
        )
        return add_addresses(pupils, addresses, others, self._references())

    def _build_contract(self) -> list[ContractRoute]:
        routes = self._sets.get("contract")
        if routes is None:
            return []
        codes = {r["code"].casefold(): r["code"] for r in self._records("vehicles") if r["code"]}
        riders = self._sets.get("contract_pupils")
        return build_contract(routes, riders, codes, self._references())

    def _check_between(self, codes: dict[str, str]) -> None:
        pupils, schools = self._sets.get("pupils"), self._sets.get("schools")
        if pupils is not None and schools is not None and schools.records:
            check_schools_known(pupils, schools)
        rates, vehicles = self._sets.get("rate_card"), self._sets.get("vehicles")
        if rates is not None and vehicles is not None and rates.records and codes:
            check_rates_known(rates, vehicles)

    def _report(self) -> FaultReport:
        own = [records.log.to_report() for records in self._sets.values()]
        return FaultReport(tuple(self._missing)).merge(*own, self._published)

    def _list_attributions(self) -> tuple[str, ...]:
        texts = []
        if self._files.gias is not None:
            texts.append(GIAS_ATTRIBUTION)
        if self._files.postcodes:
            texts.append(POSTCODE_ATTRIBUTION)
        return tuple(texts)


def _build_labels(files: CouncilFiles) -> dict[str, str]:
    """Return what each file is called in faults: its base name, with its kind where two agree."""
    paths = {kind: path for kind, path in files.list_own() if path is not None}
    if files.gias is not None:
        paths["gias"] = files.gias
    names = [path.name for path in paths.values()] + [path.name for path in files.postcodes]
    return {
        kind: path.name if names.count(path.name) == 1 else f"{path.name} ({kind})"
        for kind, path in paths.items()
    }
