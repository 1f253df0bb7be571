"""Readers of a council's own files and of published files (GIAS, postcodes)."""

from data.readers.columns import Column, FileKind
from data.readers.kinds import FILE_KINDS, list_file_kinds

__all__ = ["FILE_KINDS", "Column", "FileKind", "list_file_kinds"]
