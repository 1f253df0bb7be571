"""The demo borough: synthetic pupils, schools, roads and contract on real postcodes."""

from data.demo.anchors import PostcodesFileError
from data.demo.borough import (
    BOROUGH_NAME,
    LARGEST,
    SMALLEST,
    BoroughFiles,
    BoroughSizeError,
    write_borough,
)

__all__ = [
    "BOROUGH_NAME",
    "LARGEST",
    "SMALLEST",
    "BoroughFiles",
    "BoroughSizeError",
    "PostcodesFileError",
    "write_borough",
]
