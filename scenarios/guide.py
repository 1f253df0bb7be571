"""The tables in `docs/guide/levers.md`, made from the levers and the policy's settings.

`python -m scenarios.guide docs/guide/levers.md` makes them anew, in place.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Final

from scenarios.levers import LEVER_KINDS, LeverKind, get_setting_limits
from solver.domain import Policy, Setting

LEVERS: Final = "levers"
SETTINGS: Final = "settings"


def build_lever_table() -> str:
    """Build the Markdown table of every lever, in the order in which they apply."""
    head = ["| lever | takes | does | turns | example |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_build_lever(kind) for kind in LEVER_KINDS.values())])


def build_setting_table() -> str:
    """Build the Markdown table of every setting of the policy with its default and limits."""
    head = ["| setting | unit | default | from | to | on what |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(_build_setting(item) for item in Policy().list_settings())])


def write_guide_tables(guide: str) -> str:
    """Return the text of the guide with its tables made anew between their marks.

    Raises
    ------
    ValueError
        If the guide lacks a mark.
    """
    for name, table in ((LEVERS, build_lever_table()), (SETTINGS, build_setting_table())):
        opening = f"<!-- table of {name}: made by scenarios.guide, do not edit by hand -->"
        closing = f"<!-- end of the table of {name} -->"
        before, start, rest = guide.partition(opening)
        _, end, after = rest.partition(closing)
        if not start or not end:
            raise ValueError(f"the guide lacks the marks round its table of {name}")
        guide = f"{before}{start}\n\n{table}\n\n{end}{after}"
    return guide


def _build_lever(kind: LeverKind) -> str:
    takes = [f"`{name}`: {taken.written_as}" for name, taken in kind.parameters.items()]
    example = json.dumps(dict(kind.example))
    turns = f"`{kind.turns}`" if kind.turns in _list_names() else kind.turns
    return _build_row(f"`{kind.name}`", "; ".join(takes), kind.meaning, turns, f"`{example}`")


def _build_setting(setting: Setting) -> str:
    limits = get_setting_limits(setting.name)
    highest = f"{_show(setting, limits.high)}{' or unset' if limits.may_be_unset else ''}"
    founded = f"{setting.grade}: {setting.source}"
    return _build_row(
        f"`{setting.name}`",
        setting.unit,
        _show(setting, setting.value),
        _show(setting, limits.low),
        highest,
        founded,
    )


def _show(setting: Setting, value: object) -> str:
    """A value as it is sent and, where it is in seconds, as people say it."""
    if value is None:
        return "unset"
    number = f"{Decimal(str(value)):f}"
    if not setting.name.endswith("_s"):
        return number
    seconds = int(number)
    if "midnight" in setting.unit:
        return f"{number} ({seconds // 3600:02d}:{seconds % 3600 // 60:02d})"
    if seconds >= 3600 and seconds % 3600 == 0:
        return f"{number} ({seconds // 3600} h)"
    return f"{number} ({seconds / 60:g} min)" if seconds >= 60 else number


def _list_names() -> set[str]:
    return {setting.name for setting in Policy().list_settings()}


def _build_row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def main(arguments: list[str]) -> None:
    """Make the tables of the guides named in `arguments` anew, in place."""
    for name in arguments:
        path = Path(name)
        path.write_text(write_guide_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
