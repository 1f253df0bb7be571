"""What can go wrong with a roads file."""

from __future__ import annotations

from pathlib import Path

from solver.domain.errors import SchoolrunError


class RoadsFileError(SchoolrunError):
    """A roads file cannot be used: the message says which file, what is wrong and what to do."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"roads file {path.name}: {problem}; {remedy}")
        self.file = path.name
        self.problem = problem
        self.remedy = remedy
