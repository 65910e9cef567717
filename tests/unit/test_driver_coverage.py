"""Each driver is run, nearly to its last line, by the tests of its chip at register level."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

LEAST_PCT = 95
# What CPython cannot run, and where it is run instead.
ELSEWHERE = {
    "crc16_viper": "tests/port/crc16_equal.py",  # machine code
    "usbserial": "tests/port/test_serve.py",  # the interpreter's own port
}


@pytest.mark.full
def test_each_driver_is_covered_by_its_tests_at_register_level(tmp_path):
    drivers = {path.stem for path in (ROOT / "drivers").glob("[!_]*.py")} - set(ELSEWHERE)
    tests = [ROOT / "tests" / "unit" / f"test_{name}.py" for name in sorted(drivers)]
    tests = [path for path in tests if path.exists()]  # dcs is the two displays'
    data, report = tmp_path / "data", tmp_path / "report.json"
    coverage = [sys.executable, "-m", "coverage"]
    command = [
        *coverage,
        "run",
        "--branch",
        f"--data-file={data}",
        "--source=drivers",
        "-m",
        "pytest",
        "-q",
    ]
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert not done.returncode, done.stdout[-3000:]
    command = [*coverage, "json", f"--data-file={data}", "-o", report]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    files = json.loads(report.read_text())["files"]
    found = {name: files[f"drivers/{name}.py"]["summary"]["percent_covered"] for name in drivers}
    print({name: round(pct) for name, pct in sorted(found.items())})
    assert {name: pct for name, pct in found.items() if pct < LEAST_PCT} == {}
    assert all((ROOT / path).exists() for path in ELSEWHERE.values())
