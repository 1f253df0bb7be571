import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pyogrio
import pytest

from data.writers import build_geojson, write_geojson, write_geopackage


def ogrinfo(*arguments: object) -> str:
    """Read a file back with GDAL's own program; it may be absent on a laptop, never on CI."""
    if shutil.which("ogrinfo") is None:
        if os.environ.get("CI"):
            pytest.fail("ogrinfo is missing: .ci/run installs it (Debian: gdal-bin)")
        pytest.skip("ogrinfo is not installed (Debian and Ubuntu: apt-get install gdal-bin)")
    command = ["ogrinfo", "-ro", "-so", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return done.stdout


@pytest.fixture
def package(tmp_path, layers, about):
    path = tmp_path / "plan.gpkg"
    write_geopackage(path, layers, about)
    return path


def test_geojson_follows_rfc_7946(layers, about):
    schools = build_geojson(layers[1], about)
    assert schools["features"][0]["geometry"]["coordinates"] == (-1.981235, 52.588765)
    assert schools["bbox"] == [-1.981235, 52.588765, -1.981235, 52.588765]
    assert "crs" not in schools
    ring = build_geojson(layers[2], about)["features"][0]["geometry"]["coordinates"][0]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    assert area > 0  # anticlockwise


def test_geojson_carries_its_attribution_and_stamp(layers, about):
    collection = build_geojson(layers[0], about)
    assert collection["attribution"][0] == about.attribution[0]
    assert collection["notes"][0].startswith("Synthetic data")
    assert collection["is_synthetic"] is True
    assert collection["made_on"] == "2026-09-01"


def test_an_empty_layer_is_an_empty_collection(layers, about):
    empty = build_geojson(layers[3], about)
    assert empty["features"] == []
    assert "bbox" not in empty


@pytest.mark.parametrize("index", [0, 1, 2])
def test_geojson_is_read_back(index, tmp_path, layers, about):
    layer = layers[index]
    path = tmp_path / f"{layer.name}.geojson"
    write_geojson(path, layer, about)
    frame = pyogrio.read_dataframe(path)
    assert frame.crs.to_epsg() == 4326
    assert list(frame.columns[:-1]) == list(layer.fields)
    for shape, feature in zip(frame.geometry, layer.features, strict=True):
        assert shape.hausdorff_distance(feature.geometry) < 1e-6
    assert f"Feature Count: {len(layer.features)}" in ogrinfo(path, layer.name)


def test_money_and_nothing_are_written_plainly(tmp_path, layers, about):
    write_geojson(tmp_path / "runs.geojson", layers[0], about)
    text = (tmp_path / "runs.geojson").read_text(encoding="utf-8")
    assert '"cost":120.3,"note":null' in text
    assert json.loads(text)["features"][2]["properties"]["pupils"] == 3


def test_every_layer_of_the_geopackage_is_read_back(package, layers):
    listed = dict(pyogrio.list_layers(package))
    assert listed == {
        "runs": "MultiLineString",
        "schools": "MultiPoint",
        "areas": "MultiPolygon",
        "unassigned": "MultiPoint",
        "layer_styles": None,
    }
    for layer in layers:
        frame = pyogrio.read_dataframe(package, layer=layer.name)
        assert frame.crs.to_epsg() == 4326
        assert len(frame) == len(layer.features)
        assert list(frame.columns[:-1]) == list(layer.fields)
    runs = pyogrio.read_dataframe(package, layer="runs")
    assert runs["pupils"].tolist() == [1, 2, 3]
    assert runs["miles"].tolist() == [0.0, 3.5, 7.0]
    assert runs["note"].isna().all()


def test_ogrinfo_reads_every_layer(package, layers):
    summary = ogrinfo(package)
    for layer in layers:
        assert layer.name in summary
        report = ogrinfo(package, layer.name)
        assert f"Feature Count: {len(layer.features)}" in report
        assert 'ID["EPSG",4326]' in report
    report = ogrinfo(package, "runs")
    assert "pupils: Integer" in report
    assert "cost: Real" in report


def test_qgis_finds_a_default_style_for_every_layer(package, layers):
    with closing(sqlite3.connect(package)) as database:
        rows = database.execute(
            "SELECT f_table_name, styleQML FROM layer_styles "
            "WHERE f_geometry_column = 'geom' AND useAsDefault = 1 ORDER BY id"
        ).fetchall()
        geometry = database.execute("SELECT DISTINCT column_name FROM gpkg_geometry_columns")
        assert geometry.fetchall() == [("geom",)]
    assert [name for name, _ in rows] == [layer.name for layer in layers]
    styles = {name: ElementTree.fromstring(qml.split("\n", 1)[1]) for name, qml in rows}
    renderer = styles["runs"].find("renderer-v2")
    assert renderer.get("attr") == "vehicle"
    values = [category.get("value") for category in renderer.iter("category")]
    assert values == ["Taxi", "Minibus", ""]  # the last catches every other value
    symbols = {symbol.get("name") for symbol in renderer.iter("symbol")}
    assert {category.get("symbol") for category in renderer.iter("category")} == symbols
    colour = renderer.find(".//Option[@name='line_color']").get("value")
    assert colour == "29,111,165,255"  # #1d6fa5
    assert styles["schools"].find(".//text-style").get("fieldName") == "name"
    assert styles["areas"].find("labeling") is None


def test_the_geopackage_says_whose_data_it_is(package, about):
    with closing(sqlite3.connect(package)) as database:
        descriptions = database.execute(
            "SELECT description FROM gpkg_contents WHERE data_type = 'features'"
        ).fetchall()
        (health,) = database.execute("PRAGMA integrity_check").fetchone()
    assert health == "ok"
    assert len(descriptions) == 4
    for (description,) in descriptions:
        assert about.attribution[0] in description
        assert description.startswith("Synthetic data")


def test_the_same_layers_give_the_same_content(tmp_path, package, layers, about):
    again = tmp_path / "again.gpkg"
    write_geopackage(again, layers, about)
    with closing(sqlite3.connect(package)) as one, closing(sqlite3.connect(again)) as other:
        assert list(one.iterdump()) == list(other.iterdump())


def test_writing_again_replaces_the_file(package, layers, about):
    write_geopackage(package, layers[:1], replace(about, is_synthetic=False))
    assert [name for name, _ in pyogrio.list_layers(package)] == ["runs", "layer_styles"]
    assert [item.name for item in package.parent.iterdir()] == ["plan.gpkg"]


def test_layers_need_names_of_their_own(tmp_path, layers, about):
    with pytest.raises(ValueError, match="names of their own"):
        write_geopackage(tmp_path / "x.gpkg", [layers[0], layers[0]], about)
    assert list(tmp_path.iterdir()) == []
