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
