"""The core installs, scans and forges in an environment that has no PyTorch."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

SCRIPT = """
import importlib.util, json, sys
from tamperscope import Detector, Injector, read_mammogram

mammogram = read_mammogram(sys.argv[1])
finding = Detector.load().scan(mammogram)
forgery = Injector.load().inject(mammogram, (900, 2200, 400))
forgery.save(sys.argv[2])
print(json.dumps({
    "torch": importlib.util.find_spec("torch") is not None,
    "loaded": sorted({name.split(".")[0] for name in sys.modules} & {"torch", "onnx", "pandas", "matplotlib"}),
    "verdict": finding.verdict,
    "mask": int(forgery.mask.sum()),
}))
"""


@pytest.mark.timeout(900)
def test_core_scans_and_forges_without_torch(tmp_path, dicom_files):
    venv.create(tmp_path / "core", with_pip=True)
    python = tmp_path / "core" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(REPOSITORY)], check=True, timeout=800)
    result = subprocess.run(
        [python, "-c", SCRIPT, dicom_files[0], tmp_path / "forged.dcm"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout.splitlines()[-1])
    assert said["torch"] is False
    assert said["loaded"] == []
    assert said["verdict"] in ("real", "fake")
    assert said["mask"] > 0
    help_text = subprocess.run([tmp_path / "core" / "bin" / "tamperscope", "--help"], capture_output=True, text=True)
    assert help_text.returncode == 0
    assert "scan" in help_text.stdout


def test_scanning_imports_no_torch_even_where_it_is_installed(dicom_files):
    script = (
        "import sys; from tamperscope import Detector, read_mammogram;"
        "print(Detector.load().scan(read_mammogram(sys.argv[1])).verdict, 'torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, dicom_files[0]], capture_output=True, text=True, check=True, timeout=120
    )
    assert result.stdout.split()[1] == "False"
