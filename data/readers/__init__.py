"""Readers of a council's own files and of published files (GIAS, postcodes).

:func:`read_council` reads them all together; :func:`check_file` checks one by itself. What each
file holds is described in the `kinds*.py` modules, and nowhere else.
"""

from data.readers.columns import Column, FileKind
from data.readers.council import (
    PUBLISHED_KINDS,
    CouncilData,
    CouncilFiles,
    UnknownFileKindError,
    check_file,
    read_council,
)
from data.readers.gias import GiasSchool, read_gias
from data.readers.kinds import FILE_KINDS, list_file_kinds
from data.readers.postcodes import PostcodeIndex, PostcodePlace, read_postcodes

__all__ = [
    "FILE_KINDS",
    "PUBLISHED_KINDS",
    "Column",
    "CouncilData",
    "CouncilFiles",
    "FileKind",
    "GiasSchool",
    "PostcodeIndex",
    "PostcodePlace",
    "UnknownFileKindError",
    "check_file",
    "list_file_kinds",
    "read_council",
    "read_gias",
    "read_postcodes",
]
