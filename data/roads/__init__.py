"""Roads: OpenStreetMap files to networks, travel matrices and route lines."""

from data.roads.errors import RoadsFileError
from data.roads.matrix import MatrixResult, build_matrix
from data.roads.network import RoadNetwork, list_lines
from data.roads.reader import read_network
from data.roads.trace import trace_paths

__all__ = [
    "MatrixResult",
    "RoadNetwork",
    "RoadsFileError",
    "build_matrix",
    "list_lines",
    "read_network",
    "trace_paths",
]
