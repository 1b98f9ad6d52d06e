import cv2
import pytest
from click.testing import CliRunner

from tamperscope.cli import demo as demo_module
from tamperscope.cli.demo import demo, find_dicom_files
from tamperscope.errors import TamperscopeError


def test_it_forges_scans_and_says_where_to_look(tmp_path, monkeypatch, dicom_files):
    monkeypatch.setattr(demo_module, "find_dicom_files", lambda: [dicom_files[0], dicom_files[-1]])
    out = tmp_path / "demo"
    result = CliRunner().invoke(demo, ["--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for file in ("report.html", "stages.png", "forged/1-283-forged.dcm", "forged/1-283-forged.dcm.mask.png"):
        assert (out / file).is_file()
        assert str(out / file) in result.output
    assert "3 images: " in result.output
    assert (out / "report.html").read_text(encoding="utf-8").count('<tr class="row ') == 3
    stages = cv2.imread(str(out / "stages.png"))
    # Five stages below each other, six examples side by side.
    assert stages.shape[1] > stages.shape[0] > 500
    assert (out / "findings" / "1-283-forged.heatmap.png").is_file()


def test_without_its_images_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(demo_module, "find_spec", lambda _name: None)
    with pytest.raises(TamperscopeError, match=r"pip install 'tamperscope\[demo\]'"):
        find_dicom_files()
