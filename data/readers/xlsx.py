"""Read the first filled sheet of an XLSX workbook without trusting the workbook.

An XLSX file is a ZIP archive of XML, and either can be made to fill any machine's memory. So the
archive's directory is checked before anything is unpacked, the parts that are needed are unpacked
with a bound and packed anew, the sheet is scanned for its true extent and for formulas, and only
then is it parsed.
"""

from __future__ import annotations

import datetime
import io
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from data.faults import FaultLog
from data.readers.sheet_scan import (
    SheetScan,
    UnsafeXmlError,
    check_xml,
    find_sheet_part,
    measure_strings,
    scan_sheet,
)
from data.readers.tables import FileLimits, RawTable, keep_row

_END_RECORD: Final = b"PK\x05\x06"
_NEEDED_PART: Final = re.compile(
    r"(\[Content_Types\]\.xml|_rels/\.rels|xl/(workbook|styles|sharedStrings)\.xml"
    r"|xl/_rels/workbook\.xml\.rels|xl/worksheets/[^/]+\.xml)",
    re.IGNORECASE,
)
_USUAL_PACKING: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EPOCH_DAYS: Final = (datetime.date(1899, 12, 30), datetime.date(1899, 12, 31))
_MOST_LISTED: Final = 50
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    CalamineError,
    EOFError,
    NotImplementedError,
    ValueError,
)
"""What the archive and the parser raise for files that are cut short or altered."""


class RefusedError(Exception):
    """The workbook is not read, for this fault (code, text, remedy)."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(text)
        self.fault = (code, text, remedy)


def read_xlsx(path: Path, log: FaultLog, limits: FileLimits) -> RawTable | None:
    """Read the first sheet in view that holds anything; faults go to `log`.

    Returns None where the workbook is refused or cannot be read.
    """
    try:
        _check_packed_size(path.stat().st_size, limits)
        content = path.read_bytes()
        check_archive(content, limits)
        return _read_sheets(_unpack(content), log, limits)
    except RefusedError as refusal:
        log.add(None, "", *refusal.fault)
    except UnsafeXmlError as fault:
        log.add(None, "", "unsafe-xlsx", str(fault), "Copy the cells to a new workbook.")
    except _BROKEN:
        log.add(
            None,
            "",
            "broken-xlsx",
            "The workbook cannot be opened: it is cut short, broken, or not an Excel file.",
            "Open it in Excel, save it as Excel workbook (.xlsx) and hand it in again.",
        )
    return None


def _check_packed_size(size: int, limits: FileLimits) -> None:
    if size > limits.xlsx_bytes:
        raise _too_large(f"The workbook has {size / 1e6:,.0f} MB", limits)


def check_archive(content: bytes, limits: FileLimits) -> None:
    """Refuse an archive by its directory alone, before anything is unpacked.

    Raises
    ------
    RefusedError
        If it has too many parts or would unpack to too much.
    zipfile.BadZipFile
        If it is no archive.
    """
    _check_directory_size(content, limits)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    if len(members) > limits.xlsx_members:
        raise _too_large(f"The workbook has {len(members):,} parts", limits)
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > limits.xlsx_unpacked_bytes:
        raise _too_large(f"The workbook would unpack to {unpacked / 1e6:,.0f} MB", limits)
    if unpacked > limits.xlsx_ratio * max(packed, 1):
        raise _too_large(f"The workbook would unpack to {unpacked // max(packed, 1)} times", limits)
    if any(member.compress_type not in _USUAL_PACKING for member in members):
        raise RefusedError(
            "unsafe-xlsx",
            "The workbook is packed in a way that Excel never uses.",
            "Open it in Excel, save it as Excel workbook (.xlsx) and hand it in again.",
        )
    if any(member.flag_bits & 1 for member in members):
        raise RefusedError(
            "old-or-locked-excel",
            "The workbook has a password.",
            "Save it without a password and hand it in again.",
        )


def _check_directory_size(content: bytes, limits: FileLimits) -> None:
    """Refuse a directory that would itself take long to read."""
    tail = content[-65_557:]
    at = tail.rfind(_END_RECORD)
    if at < 0 or at + 22 > len(tail):
        raise zipfile.BadZipFile("no end of central directory")
    entries, directory_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > limits.xlsx_members or directory_bytes > limits.xlsx_members * 1000:
        raise _too_large(f"The workbook has more than {limits.xlsx_members} parts", limits)


def _too_large(text: str, limits: FileLimits) -> RefusedError:
    return RefusedError(
        "xlsx-too-large",
        f"{text}; at most {limits.xlsx_bytes / 1e6:,.0f} MB, unpacked "
        f"{limits.xlsx_unpacked_bytes / 1e6:,.0f} MB and {limits.xlsx_ratio:,.0f} times, and "
        f"{limits.xlsx_members} parts are read.",
        "Copy the rows that are needed to a new workbook, or save as CSV UTF-8.",
    )


def _unpack(content: bytes) -> dict[str, bytes]:
    """Unpack the parts that are needed, none beyond the size that the directory states."""
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if _NEEDED_PART.fullmatch(member.filename):
                with archive.open(member) as stream:
                    # Asked for no number of bytes, zipfile unpacks all before it looks at the size.
                    parts[member.filename] = stream.read(member.file_size)
    return parts


def _pack(parts: dict[str, bytes]) -> io.BytesIO:
    """Pack the parts anew, so that the parser sees only what was measured here."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    packed.seek(0)
    return packed


def _read_sheets(parts: dict[str, bytes], log: FaultLog, limits: FileLimits) -> RawTable | None:
    """Scan every sheet for its extent, then parse them until one holds anything."""
    names = {name.lower(): name for name in parts}
    strings = measure_strings(parts.get(names.get("xl/sharedstrings.xml", ""), b""))
    scans: dict[str, SheetScan] = {}
    for name, content in parts.items():
        if name.lower().startswith("xl/worksheets/"):
            scan = scan_sheet(content, strings, most_listed=_MOST_LISTED)
            _check_extent(scan, limits)
            scans[name.rsplit("/", 1)[1].lower()] = scan
    for part in ("xl/workbook.xml", "xl/styles.xml"):
        if part in names:
            check_xml(parts[names[part]])
    with CalamineWorkbook.from_filelike(_pack(parts)) as workbook:
        for index, sheet in enumerate(workbook.sheets_metadata):
            if sheet.typ != SheetTypeEnum.WorkSheet or sheet.visible != SheetVisibleEnum.Visible:
                continue
            values = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            rows = [(n, [_to_text(v) for v in row]) for n, row in enumerate(values, start=1)]
            kept = tuple((n, cells) for n, cells in rows if keep_row(cells))
            if kept:
                _add_formula_faults(_find_scan(parts, scans, sheet.name, index), log)
                return RawTable(log.file, kept)
    log.add(None, "", "empty-file", "No sheet of the workbook holds anything.", "Fill in a sheet.")
    return None


def _check_extent(scan: SheetScan, limits: FileLimits) -> None:
    if (
        scan.last_row > limits.rows
        or scan.last_column > limits.columns
        or scan.last_row * scan.last_column > limits.sheet_cells
    ):
        raise RefusedError(
            "xlsx-too-large",
            f"A sheet reaches to row {scan.last_row:,} and column {scan.last_column:,}; at most "
            f"{limits.rows:,} rows, {limits.columns} columns and {limits.sheet_cells:,} cells in "
            "all are read.",
            "Delete the empty rows and columns after the data, or copy them to a new workbook.",
        )
    if scan.text_characters > limits.xlsx_unpacked_bytes:
        raise RefusedError(
            "xlsx-too-large",
            f"The cells of a sheet hold {scan.text_characters / 1e6:,.0f} million characters.",
            "Leave out columns of long text and hand the workbook in again.",
        )


def _find_scan(
    parts: dict[str, bytes], scans: dict[str, SheetScan], sheet: str, index: int
) -> SheetScan | None:
    """Return the scan of a sheet by the workbook's own relations, else by its number."""
    part = find_sheet_part(parts, sheet)
    return scans.get(part) or scans.get(f"sheet{index + 1}.xml")


def _add_formula_faults(scan: SheetScan | None, log: FaultLog) -> None:
    if scan is None:
        return
    for row, cell in scan.formulas:
        log.add(
            row,
            "",
            "formula",
            f"Cell {cell} holds a formula, not a value.",
            "Copy the column and paste it as values, then hand the workbook in again.",
        )
    for row, cell in scan.errors:
        if (row, cell) not in scan.formulas:
            log.add(
                row,
                "",
                "formula",
                f"Cell {cell} holds a spreadsheet error, not a value.",
                "Write the value itself, or empty the cell.",
            )
    more = scan.formula_count - len(scan.formulas)
    if more:
        log.add(
            None,
            "",
            "formula",
            f"There are {more:,} more cells with formulas.",
            "Copy the whole sheet and paste it as values.",
        )


def _to_text(value: object) -> str:
    """Return a cell as the text that a CSV export would hold."""
    if isinstance(value, str):
        return value.replace("\xa0", " ").strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        if value.date() in _EPOCH_DAYS:
            return value.strftime("%H:%M:%S")
        is_midnight = value.time() == datetime.time()
        return value.date().isoformat() if is_midnight else value.isoformat(sep=" ")
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M:%S")
    return str(value)
