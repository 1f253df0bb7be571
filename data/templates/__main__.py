"""`python -m data.templates docs/guide/your-data.md`: make the guide's tables of columns anew."""

from __future__ import annotations

import sys
from pathlib import Path

from data.templates.guide import write_guide_tables


def main(arguments: list[str]) -> None:
    """Make the tables of the guides named in `arguments` anew, in place."""
    for name in arguments:
        path = Path(name)
        path.write_text(write_guide_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
