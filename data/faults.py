"""Faults of input: collected and returned together, never raised one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input file: where, what, and what to do about it.

    Parameters
    ----------
    file
        Base name of the file, never a path.
    row
        Row in the file, the header being row 1; None where the whole file is meant.
    column
        Canonical name of the column; empty where the whole row or file is meant.
    code
        Short fixed name of the kind of fault, such as `not-a-time`.
    text
        What is wrong, in plain English. Quotes no name, address, home or need.
    remedy
        What to do.
    severity
        `error` stops the import; `warning` is listed and the import goes on.
    """

    file: str
    row: int | None
    column: str
    code: str
    text: str
    remedy: str
    severity: Severity = "error"

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row is not None else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{row}{column}: {self.text} {self.remedy}"


@dataclass(frozen=True, slots=True)
class FaultReport:
    """All faults of one or more files, in file order."""

    faults: tuple[Fault, ...] = ()

    @property
    def is_fatal(self) -> bool:
        """Whether any fault is an error, so that nothing may be stored."""
        return any(fault.severity == "error" for fault in self.faults)

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that stop the import."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """The faults that are listed only."""
        return tuple(fault for fault in self.faults if fault.severity == "warning")

    def merge(self, *others: FaultReport) -> FaultReport:
        """Return one report with the faults of this one and then of `others`."""
        return build_report(fault for report in (self, *others) for fault in report.faults)

    def to_rows(self) -> list[dict[str, str | int | None]]:
        """Return the faults as plain rows: file, row, column, severity, code, text, remedy."""
        return [
            {
                "file": fault.file,
                "row": fault.row,
                "column": fault.column,
                "severity": fault.severity,
                "code": fault.code,
                "text": fault.text,
                "remedy": fault.remedy,
            }
            for fault in self.faults
        ]


def build_report(faults: Iterable[Fault]) -> FaultReport:
    """Build a report of `faults` in the order given, each once."""
    return FaultReport(tuple(dict.fromkeys(faults)))


class FaultLog:
    """Collects the faults of one file; of many alike it keeps the first and counts the rest.

    Parameters
    ----------
    file
        Base name of the file.
    most_alike
        How many faults of one code and column are kept.
    """

    def __init__(self, file: str, *, most_alike: int = 1000) -> None:
        self.file = file
        self._most_alike = most_alike
        self._faults: list[Fault] = []
        self._counts: dict[tuple[str, str, Severity], int] = {}

    def add(
        self,
        row: int | None,
        column: str,
        code: str,
        text: str,
        remedy: str,
        *,
        severity: Severity = "error",
    ) -> None:
        """Add one fault."""
        alike = (code, column, severity)
        self._counts[alike] = self._counts.get(alike, 0) + 1
        if self._counts[alike] <= self._most_alike:
            self._faults.append(Fault(self.file, row, column, code, text, remedy, severity))

    def warn(self, row: int | None, column: str, code: str, text: str, remedy: str) -> None:
        """Add one warning."""
        self.add(row, column, code, text, remedy, severity="warning")

    def to_report(self) -> FaultReport:
        """Return the faults by row, and one line for each sort that was cut short."""
        faults = sorted(self._faults, key=lambda fault: fault.row or 0)
        for (code, column, severity), count in self._counts.items():
            if count > self._most_alike:
                faults.append(
                    Fault(
                        self.file,
                        None,
                        column,
                        code,
                        f"There are {count - self._most_alike:,} more faults of this sort.",
                        "Mend those listed and check the file again.",
                        severity,
                    )
                )
        return build_report(faults)
