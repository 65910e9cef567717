"""A vault keeps what it was given, and says by name what it does not have any more."""

import json
import urllib.request
from hashlib import sha256
from pathlib import Path

import pytest
from plugged import Plugged, dock, recorded, stored
from typer.testing import CliRunner

from tools.dock import keys_cli, ledger, vault_cli
from tools.dock.custody import Chain
from tools.dock.epochs import given
from tools.dock.station import Station
from tools.dock.vault import Vault, VaultError, named
from tools.evidence.keyring import Keyring
from tools.evidence.verdict import verify

PLACE = f"cameras/{0:032}/000001"


@pytest.fixture(scope="module")
def bucket():
    """A function (name) -> URL of a new bucket on a local S3 server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    patch = pytest.MonkeyPatch()
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "station",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        patch.setenv(name, value)

    def make(name):
        asked = urllib.request.Request(f"{endpoint}/{name}", method="PUT")
        urllib.request.urlopen(asked).close()
        return f"s3://{name}/police"

    yield make
    patch.undo()
    server.stop()


@pytest.fixture(scope="module")
def docked(tmp_path_factory):
    """A vault in a folder after one docking, the camera's model and its keys."""
    folder = tmp_path_factory.mktemp("docked")
    image, model = recorded(folder / "a.img", torn=True)
    with Plugged(image) as camera:
        dock("--port", camera.port, "--vault", folder / "vault", "--keys", f"{image}.keys")
    return folder / "vault", model, Path(f"{image}.keys")


@pytest.fixture
def copy(docked, tmp_path):
    """A copy of that vault, to break."""
    target = Vault(tmp_path / "copy")
    for thing in Vault(docked[0]).things():
        data = Vault(docked[0]).content(thing)
        target.put(thing.folder, thing.stem, thing.kind, data)
    return tmp_path / "copy"


def run(*words):
    return CliRunner().invoke(vault_cli.app, [str(word) for word in words])


def test_what_is_stored_is_never_overwritten(tmp_path):
    vault = Vault(tmp_path / "v")
    one = vault.put(PLACE, "segment-00000001", "bwl", b"first")
    two = vault.put(PLACE, "segment-00000001", "bwl", b"second")
    assert one != two and (vault.read(one), vault.read(two)) == (b"first", b"second")
    assert vault.put(PLACE, "segment-00000001", "bwl", b"first") == one
    assert len(vault.keys()) == 2


def test_two_stations_may_store_the_same_at_once(tmp_path, bucket):
    url = bucket("two-stations")
    names = {Vault(url).put(PLACE, "segment-00000001", "bwl", b"same") for _ in range(2)}
    assert len(names) == 1 and len(Vault(url).keys()) == 1


def test_what_a_vault_altered_is_stored_again_beside_it_and_found(tmp_path):
    vault = Vault(tmp_path)
    data = b"evidence"
    name = f"{PLACE}/segment-00000001-{sha256(data).hexdigest()}"
    Path(tmp_path, PLACE).mkdir(parents=True)
    Path(tmp_path, name + ".bwl").write_bytes(b"evid")
    key = vault.put(PLACE, "segment-00000001", "bwl", data)
    assert key == name + "-2.bwl" and named(key).turn == 2
    (finding,) = ledger.check(vault).findings
    assert (finding["kind"], finding["object"]) == ("altered", name + ".bwl")
    assert "is whole" in finding["what"]


def test_s3_takes_a_docking_and_gives_back_the_same_evidence(tmp_path, bucket):
    url = bucket("evidence")
    image, model = recorded(tmp_path / "a.img")
    with Plugged(image) as camera:
        words = "--port", camera.port, "--vault", url, "--vault", tmp_path / "second"
        (one,), _ = dock(*words, "--keys", f"{image}.keys")
    assert (one["released"], one["not_safe"]) == (2, [])
    assert stored(tmp_path / "second", model) == model.blocks
    assert ledger.check(Vault(url)).findings == []
    card, log = given(url)
    found = verify(card, log, Keyring([f"{image}.keys"]))
    assert (found["verdict"], found["complete"], found["authenticated"]) == ("intact", True, True)
    assert found["frames"] == 16
    with pytest.raises(VaultError, match="cannot be listed"):
        Vault("s3://nowhere/x").keys()


def test_an_untouched_vault_is_as_stored(docked):
    done = run("verify", docked[0], "--keys", docked[2], "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["verdict"], found["findings"]) == (0, "as stored", [])
    assert found["objects"] == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "HERE"), "is no vault: nothing in it is what a station writes"),
        (("list", "HERE"), "is no vault: nothing in it is what a station writes"),
        (("find", "HERE"), "is no vault: nothing in it is what a station writes"),
        (("list", "HERE/none"), "no such folder"),
        (("list", "HERE/a file"), "a file: that is a file"),
        (("find", "ftp://x/y"), "name a folder, or a URL as s3://bucket/prefix"),
        (("add", "HERE/no.img", "--vault", "HERE/v", "--keys", "KEYS"), "cannot open"),
    ],
)
def test_what_is_no_vault_is_one_line(docked, tmp_path, words, said):
    (tmp_path / "a file").touch()
    words = [word.replace("HERE", str(tmp_path)).replace("KEYS", str(docked[2])) for word in words]
    done = run(*words)
    assert done.exit_code == 2 and said in " ".join(done.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


@pytest.mark.parametrize("broken", ["altered", "missing"])
def test_every_object_that_is_broken_is_named(docked, copy, broken):
    for key, _ in Vault(copy).keys():
        path = copy / key
        data = path.read_bytes()
        if broken == "missing":
            path.unlink()
        else:
            path.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
        done = run("verify", copy, "--keys", docked[2], "--json")
        findings = json.loads(done.stdout)["findings"]
        newest = broken == "missing" and "custody" in key and "00000002" in key
        # The newest entry of a chain that is gone leaves no trace in the vault: VAULT.md.
        assert done.exit_code == (0 if newest else 1), key
        if not newest and "/cameras/" in key:
            assert {"kind": broken, "object": key}.items() <= findings[0].items()
        path.write_bytes(data)


def test_a_chain_that_another_station_signed_is_said(docked, tmp_path):
    _, other = recorded(tmp_path / "b.img", recordings=0, seed=9)
    done = run("verify", docked[0], "--keys", tmp_path / "b.img.keys", "--json")
    assert [f["kind"] for f in json.loads(done.stdout)["findings"]] == ["unsigned"]


def test_recordings_are_found_by_camera_and_day(docked):
    assert "2 recordings" not in run("find", docked[0], "--camera", "CAM-1").stdout
    assert "3 recordings" in run("find", docked[0], "--camera", "CAM-1").stdout
    assert run("find", docked[0], "--camera", docked[1].device.hex()[:6]).exit_code == 0
    assert run("find", docked[0], "--camera", "CAM-2").exit_code == 1
    assert run("find", docked[0], "--since", "2026-06-01", "--until", "2026-06-01").exit_code == 0
    assert run("find", docked[0], "--since", "2026-06-02").exit_code == 1
    assert "is not a day" in run("find", docked[0], "--since", "monday").stderr


@pytest.mark.parametrize(
    ("recordings", "said"),
    [
        ([{"recording": 1, "segments": [1], "utc": None}], "1 recording at an unknown time"),
        ([], "1 segment recorded at an unknown time"),
    ],
)
def test_what_was_recorded_at_an_unknown_time_is_found_on_every_day(tmp_path, recordings, said):
    image, model = recorded(tmp_path / "a.img", recordings=0)
    vault, chain = Vault(tmp_path / "v"), Chain(Station([f"{image}.keys"]))
    folder = f"cameras/{model.device.hex()}/000001"
    name = vault.put(folder, "segment-00000001", "bwl", b"what was recorded")
    camera = {"id": model.device.hex(), "epoch": 1, "card": None, "name": "CAM-1"}
    words = {"camera": camera, "objects": [name], "recordings": recordings, "verdict": "intact"}
    chain.add("stored", {**words, "utc": "2026-11-22T08:00:00Z"})
    chain.publish(vault)
    for words in ("--since", "2020-01-01"), ("--until", "2020-01-01"), ("--camera", "CAM-1"):
        done = run("find", tmp_path / "v", *words)
        assert done.exit_code == 0
        assert f"{said}, before the docking on 2026-11-22" in done.stdout
    assert run("find", tmp_path / "v", "--camera", "CAM-2").exit_code == 1


def test_a_docking_without_recordings_is_listed_and_not_found(tmp_path):
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    with Plugged(image) as camera:
        dock("--port", camera.port, "--vault", tmp_path / "vault", "--keys", f"{image}.keys")
    assert "0 recordings" in run("list", tmp_path / "vault").stdout
    assert run("find", tmp_path / "vault").exit_code == 1


def test_what_was_judged_stays_known_until_there_is_more_that_was_not(docked, tmp_path):
    image, _ = recorded(tmp_path / "a.img", recordings=0, seed=9)
    vault, chain = Vault(docked[0]), Chain(Station([f"{image}.keys"]))
    (row,) = ledger.listing(vault)
    assert row["verdict"] == "torn-tail"
    objects = [t.key for t in vault.things(kind="bwl")]
    other = Vault(tmp_path / "v")
    for thing in vault.things():
        other.put(thing.folder, thing.stem, thing.kind, vault.content(thing))
    camera = {"id": row["id"], "epoch": 1, "card": None, "name": None}
    for more, verdict in (([], "torn-tail"), (["another"], "digests only")):
        words = {"camera": camera, "objects": objects + more, "verdict": "digests only"}
        chain.add("stored", {**words, "utc": "2999-01-01T00:00:00Z"})
        chain.publish(other)
        (row,) = ledger.listing(other)
        assert (row["verdict"], row["docked"]) == (verdict, "2999-01-01T00:00:00Z")


def test_what_is_handed_out_is_a_vault(docked, tmp_path):
    assert run("export", docked[0], tmp_path / "out").exit_code == 0
    assert ledger.check(Vault(tmp_path / "out")).findings == []
    found = verify(*given(str(tmp_path / "out")), Keyring([docked[2]]))
    assert (found["verdict"], found["frames"]) == ("torn-tail", 23)


def test_an_epoch_that_is_handed_out_is_verified_alone_and_nothing_of_it_may_be_gone(
    docked, copy, tmp_path
):
    image, _ = recorded(tmp_path / "a.img", recordings=1, seed=9)
    station = Station([f"{image}.keys"])
    assert run("add", image, "--vault", copy, "--keys", f"{image}.keys").exit_code == 0
    (row,) = [row for row in ledger.listing(Vault(copy)) if row["station"] == station.id]
    place = f"cameras/{row['id']}/{row['epoch']:06}"
    done = run("export", f"{copy}/{place}", tmp_path / "out")
    assert f"vault verify {tmp_path / 'out'}/{place}\n" in done.stdout
    assert run("verify", tmp_path / "out").exit_code == 1  # of the whole vault much is missing
    done = run("verify", f"{tmp_path / 'out'}/{place}")
    assert done.exit_code == 0 and "AS STORED" in done.stdout, done.output
    gone = next((tmp_path / "out").rglob("segment-*"))
    gone.unlink()
    done = run("verify", f"{tmp_path / 'out'}/{place}")
    assert done.exit_code == 1 and f"{gone.name} is gone" in done.stdout
    done = run("verify", f"{tmp_path / 'out'}/cameras/{row['id']}/000009")
    assert done.exit_code == 2 and "holds nothing at" in done.stderr


def test_what_is_handed_out_goes_into_a_folder_of_its_own(docked, tmp_path):
    (tmp_path / "out").mkdir()
    assert run("export", docked[0], tmp_path / "out").exit_code == 0
    before = Vault(tmp_path / "out").keys()
    done = run("export", docked[0], tmp_path / "out")
    assert done.exit_code == 2 and "is not empty; name a new" in done.stderr
    assert Vault(tmp_path / "out").keys() == before


def test_a_card_in_a_reader_gives_the_same_evidence(docked, tmp_path):
    image, model = recorded(tmp_path / "a.img", torn=True, seed=4)
    before = image.read_bytes()
    words = "--vault", tmp_path / "v", "--vault", tmp_path / "w", "--keys", f"{image}.keys"
    done = run("add", image, *words, "--json")
    assert (done.exit_code, json.loads(done.stdout)["verdict"]) == (0, "torn-tail"), done.output
    for vault in (tmp_path / "v", tmp_path / "w"):
        assert stored(vault, model) == model.blocks
        assert ledger.check(Vault(vault)).findings == []
    assert image.read_bytes() == before
    found = verify(*given(str(tmp_path / "v")), Keyring([f"{image}.keys"]))
    assert (found["verdict"], found["complete"], found["frames"]) == ("torn-tail", True, 23)


def test_what_is_altered_is_not_handed_out_and_all_else_is(copy, tmp_path, docked):
    whole = len(Vault(copy).things())
    altered = next(iter(copy.rglob("segment-*")))
    altered.write_bytes(altered.read_bytes()[:-1])
    done = run("export", copy, tmp_path / "out")
    assert done.exit_code == 1 and f"{altered.name} is altered" in done.stdout
    assert len(Vault(tmp_path / "out").things()) == whole - 1
    done = CliRunner().invoke(keys_cli.app, ["drill", str(copy), "--keys", str(docked[2])])
    assert done.exit_code == 1 and "does not give it as it was stored" in done.stdout


def test_names_that_no_station_gives_are_foreign(copy):
    one = next(iter(copy.rglob("segment-*")))
    for name in ("cameras/odd/000001/", "cameras/", f"cameras/{0:032}/x/", f"custody/{0:032}/"):
        (copy / name).mkdir(parents=True, exist_ok=True)
        (copy / name / one.name).write_bytes(one.read_bytes())
    one.with_name(one.name.replace("-0000", "-9999999999990000")).write_bytes(one.read_bytes())
    assert [f["kind"] for f in ledger.check(Vault(copy)).findings] == ["foreign"] * 5
    assert run("list", copy).exit_code == 0


def test_an_export_of_nothing_leaves_no_folder(tmp_path):
    (tmp_path / "v").mkdir()
    assert run("export", tmp_path / "v", tmp_path / "out").exit_code == 2
    assert not (tmp_path / "out").exists()
