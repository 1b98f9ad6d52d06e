"""docs/reference/finding.md describes what is written, to the last key."""

import json
import re
from pathlib import Path

import pytest

from tamperscope.report.batch import scan_batch
from tests.io.make import breast, mg_dataset, save
from tests.report.doubles import DetectorDouble

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "finding.md"
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


@pytest.fixture(scope="module")
def schema():
    return json.loads(re.search("```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1])


def check(value, schema, where="finding"):
    """The part of JSON Schema that the page uses, and that no key goes undescribed."""
    if "const" in schema:
        assert value == schema["const"], where
    if "enum" in schema:
        assert value in schema["enum"], where
    if "type" in schema:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert any(isinstance(value, TYPES[kind]) for kind in kinds), where
    if isinstance(value, int | float):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), where
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), where
        for key, inner in value.items():
            check(inner, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list):
        for inner in value:
            check(inner, schema["items"], f"{where}[]")


def test_findings_are_as_described(schema, tmp_path):
    good, bad = tmp_path / "good.dcm", tmp_path / "bad.dcm"
    save(good, mg_dataset(breast(640, 420)))
    bad.write_bytes(b"no image")
    images = [(path, path) for path in (good, bad, tmp_path / "missing.dcm")]
    for outcome in scan_batch(images, tmp_path / "out", DetectorDouble(good=0.9)):
        facts = json.loads(outcome.json_path.read_text(encoding="utf-8"))
        check(facts, schema)
        assert (facts["score"] is None) == (facts["verdict"] == "not-scored") == (facts["image"] is None)


def test_the_check_itself_finds_faults(schema):
    with pytest.raises(AssertionError):
        check({"schema": "tamperscope/finding/1"}, schema)
    with pytest.raises(AssertionError):
        check("high", schema["properties"]["score"])
    with pytest.raises(AssertionError):
        check(1.5, schema["properties"]["score"])
