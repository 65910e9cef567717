"""Who holds which key, and what it opens."""

import json
from pathlib import Path

import pytest
from plugged import Plugged, dock, recorded
from typer.testing import CliRunner

from tools.dock import keys_cli
from tools.dock.epochs import given
from tools.dock.station import Station
from tools.evidence.keyring import Keyring
from tools.evidence.verdict import verify


def run(*words):
    return CliRunner().invoke(keys_cli.app, [str(word) for word in words])


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Keys as in service, and a camera enrolled with them that recorded and was docked."""
    folder = tmp_path_factory.mktemp("service")
    keys = folder / "keys"
    assert run("new", keys).exit_code == 0
    image, model = recorded(folder / "a.img", recordings=0)
    Path(f"{image}.camera", "log.bin").write_bytes(b"\xff" * 65_536)
    about = "--vault", folder / "vault", "--keys", keys / "station"
    with Plugged(image) as camera:
        (fresh,), said = dock("--port", camera.port, *about, status=1)
        assert fresh["not_safe"][0]["what"] == "not_enrolled" and "nicht angemeldet" in said
        words = "--port", camera.port, *about, "--enrol", "Streife 7"
        (one,), said = dock(*words)
        assert (one["name"], one["not_safe"]) == ("Streife 7", []) and "bereit" in said
        assert [line["what"] for line in one["findings"]] == []
    return folder, keys, image, one


def test_new_keys_go_to_three_places_and_are_never_overwritten(service):
    _, keys, *_ = service
    inside = {p.relative_to(keys).as_posix() for p in keys.rglob("*.pem")}
    assert {"agency/agency.pem", "recovery/recovery.pem", "station/export.pem"} <= inside
    private = [p for p in (keys / "station").glob("*.pem") if b"PRIVATE" in p.read_bytes()]
    assert [p.name for p in private] == ["export.pem"]
    assert all(p.stat().st_mode & 0o077 == 0 for p in private)
    done = run("new", keys)
    assert done.exit_code == 2 and "never overwritten" in done.stderr
    done = run("new", keys / "none" / "keys")
    said = " ".join(done.stderr.replace("│", " ").split())
    assert done.exit_code == 2 and "make it first" in said and "Errno" not in said
    assert not (keys / "none").exists()


def test_show_tells_what_each_can_do_and_no_secret(service):
    _, keys, *_ = service
    done = run("show", "--keys", keys / "station", "--keys", keys / "agency", "--json")
    rows = json.loads(done.stdout)["keys"]
    assert [row["can"].split()[0] for row in rows] == ["signs", "docks", "opens"]
    for path in (keys / "station").glob("check-*.json"):
        assert json.loads(path.read_text())["check_seed"] not in done.stdout


def test_each_viewing_key_opens_everything_and_the_station_nothing(tmp_path):
    image, model = recorded(tmp_path / "a.img")
    model.save_keys(tmp_path / "agency", ["agency"])
    model.save_keys(tmp_path / "recovery", ["recovery"])
    model.save_keys(tmp_path / "station", ["export", "station"])
    for name in ("agency", "recovery"):
        public = getattr(model, name).public_key()
        from tools.evidence import keyfiles

        keyfiles.write_public(tmp_path / "station", name, public)
    for who in ("agency", "recovery"):
        done = run("drill", image, "--keys", tmp_path / who, "--json")
        assert json.loads(done.stdout)["passed"], done.output
    with Plugged(image) as camera:
        words = "--port", camera.port, "--vault", tmp_path / "v", "--keys", tmp_path / "station"
        (one,), said = dock(*words)
    assert one["released"] == 2 and "Vorführung" not in said
    for who, frames in (("agency", 16), ("recovery", 16), ("station", 0)):
        found = verify(*given(str(tmp_path / "v")), Keyring([tmp_path / who]))
        assert (found["verdict"], found["frames"]) == ("intact", frames)
        done = run("drill", tmp_path / "v", "--keys", tmp_path / who, "--json")
        assert done.exit_code == (0 if frames else 2)
    # And nothing else in the station's folder or the vault is a seed or a key that opens it.
    secret = model.read_seed
    for path in [*(tmp_path / "v").rglob("*"), *(tmp_path / "station").rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            assert secret not in data and secret.hex().encode() not in data


def test_a_drill_with_the_wrong_key_fails(tmp_path):
    image, _ = recorded(tmp_path / "a.img")
    _, other = recorded(tmp_path / "b.img", recordings=0, seed=2)
    other.save_keys(tmp_path / "other", ["recovery"])
    done = run("drill", image, "--keys", tmp_path / "other")
    assert done.exit_code == 1 and "FAILED" in done.stdout


def test_a_drill_on_a_card_without_recordings_says_why_it_fails(tmp_path):
    image, model = recorded(tmp_path / "a.img", recordings=0)
    model.save_keys(tmp_path / "recovery", ["recovery"])
    done = run("drill", image, "--keys", tmp_path / "recovery")
    assert done.exit_code == 1
    assert done.stdout == "FAILED: nothing recorded is there; take a card that was recorded on\n"


def test_a_station_without_the_cameras_keys_copies_and_releases_nothing(tmp_path):
    image, model = recorded(tmp_path / "a.img")
    card = image.read_bytes()
    assert run("new", tmp_path / "keys").exit_code == 0
    other = tmp_path / "keys" / "station"
    with Plugged(image) as camera:
        words = "--port", camera.port, "--vault", tmp_path / "v"
        (one,), said = dock(*words, "--keys", other, status=1)
        assert one["not_safe"][0]["what"] == "no_check" and one["released"] == 0
        assert "keine Schlüssel" in said and image.read_bytes() == card
        # The documented act: export at its own station, import here.
        moved = tmp_path / "moved.json"
        done = run("export", model.device.hex(), moved, "--keys", f"{image}.keys")
        assert done.exit_code == 0, done.output
        assert run("import", moved, "--keys", other).exit_code == 0
        (one,), said = dock(*words, "--keys", other)
    assert (one["released"], one["not_safe"], one["bytes"]) == (2, [], 0)
    assert not any(image.read_bytes()[model.at(0) :])


def test_the_first_folder_with_a_signing_key_is_the_stations_own(tmp_path):
    folders = [tmp_path / name / "station" for name in ("one", "two")]
    for folder in folders:
        run("new", folder.parent)
    for given_ in (folders, folders[::-1]):
        alone, both = Station(given_[:1]), Station(given_)
        assert (both.folder, both.id) == (given_[0], alone.id)


def test_keys_that_another_process_takes_over_meanwhile_count(tmp_path):
    image, model = recorded(tmp_path / "a.img", recordings=0)
    path = Path(f"{image}.keys/station.json")
    hidden = path.rename(tmp_path / "elsewhere")
    station = Station([path.parent])
    assert station.check(model.device, 1) is None
    hidden.rename(path)
    assert station.check(model.device, 1) is not None


def test_keys_of_which_one_does_not_fit_are_not_taken_at_all(tmp_path):
    run("new", tmp_path / "one")
    station = tmp_path / "one" / "station"
    rows = [
        {"device_id": f"{7:032x}", "epoch": epoch, "check_seed": f"{epoch:064x}"}
        for epoch in (1, 2)
    ]
    (tmp_path / "moved.json").write_text(json.dumps({"form": "bodycam CHECK 1", "checks": rows}))
    second = station / f"check-{rows[1]['device_id'][:16]}-000002.json"
    second.write_text(json.dumps({**rows[1], "check_seed": f"{9:064x}"}))
    before = sorted(station.iterdir())
    done = run("import", tmp_path / "moved.json", "--keys", station)
    assert done.exit_code == 2 and "nothing taken" in " ".join(done.stderr.split())
    assert sorted(station.iterdir()) == before
