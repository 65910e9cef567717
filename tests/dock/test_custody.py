"""The custody chain: what is added stands, what is changed is seen."""

import json
from hashlib import sha256

import pytest
from cryptography.x509 import load_pem_x509_certificates
from plugged import Plugged, dock, recorded
from timestamper import Service

from tools.dock import ledger, stamp
from tools.dock.custody import Chain, Entry, read
from tools.dock.station import Station
from tools.dock.vault import Vault
from tools.evidence.errors import InputError


@pytest.fixture
def station(tmp_path):
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    return Station([f"{image}.keys"])


@pytest.fixture
def entries(station):
    chain = Chain(station)
    return [chain.add("stored", {"number": number}).read_bytes() for number in range(4)]


def judged(datas, station):
    return read([Entry(data) for data in datas], station.id)


def test_a_whole_chain_is_right_in_any_order(station, entries):
    assert judged(entries, station) == judged(entries[::-1], station) == []
    words = [Entry(data).words for data in entries]
    assert [w["seq"] for w in words] == [0, 1, 2, 3] and words[0]["previous"] is None
    assert words[3]["previous"] == sha256(entries[2]).hexdigest()


def edited(datas):
    line, *others = datas[1].split(b"\n")
    datas[1] = b"\n".join([line.replace(b'"number": 1', b'"number": 7'), *others])


def deleted(datas):
    del datas[1]


def doubled(datas):
    datas.append(datas[1])


def unsigned(datas):
    datas[2] = datas[2].split(b"\n")[0] + b'\n{"key": "00", "signature": "00"}\n'


def nonsense(datas):
    datas[0] = b"[" * 100_000


@pytest.mark.parametrize("change", [edited, deleted, doubled, unsigned, nonsense])
def test_a_chain_that_was_changed_is_seen(station, entries, change):
    change(entries)
    assert judged(entries, station)


def test_another_stations_signature_is_no_substitute(station, entries, tmp_path):
    image, _ = recorded(tmp_path / "b.img", recordings=0, seed=5)
    other = Station([f"{image}.keys"])
    foreign = Chain(other).add("stored", {"number": 0}).read_bytes()
    assert judged([foreign, *entries[1:]], station)


def test_each_docking_is_stamped_and_a_silent_service_holds_nothing_up(tmp_path):
    image, model = recorded(tmp_path / "a.img")
    vault = tmp_path / "v"
    with Service() as service, Plugged(image) as camera:
        (tmp_path / "root.pem").write_bytes(service.pem)
        words = ["--port", camera.port, "--vault", vault, "--keys", f"{image}.keys"]
        words += ["--timestamp", service.url, "--timestamp-ca", tmp_path / "root.pem"]
        (one,), _ = dock(*words)
        assert (one["released"], one["findings"]) == (2, [])
        service.working = False
        (one,), said = dock(*words)
        assert {f["what"] for f in one["findings"]} == {"no_stamp"} and "Zeitstempel" in said
    roots = stamp.certificates(tmp_path / "root.pem")
    found = ledger.check(Vault(vault), roots=roots)
    assert (found.findings, found.stamped, found.entries) == ([], 3, 5)
    # A stamp of another root, and one for something else, are not right.
    with Service() as other:
        found = ledger.check(Vault(vault), roots=load_pem_x509_certificates(other.pem))
        assert {f["kind"] for f in found.findings} == {"custody"}
    (first, *_) = sorted(vault.rglob("*.tsr"))
    with pytest.raises(stamp.StampError, match="something else"):
        stamp.check(first.read_bytes(), b"other words", roots)


def test_the_entry_says_what_the_camera_counted(tmp_path):
    image, model = recorded(tmp_path / "a.img")
    with Plugged(image) as camera:
        dock("--port", camera.port, "--vault", tmp_path / "v", "--keys", f"{image}.keys")
    chain = [Entry(p.read_bytes()).words for p in sorted((tmp_path / "v").rglob("custody/*/*"))]
    kinds = {words["kind"]: words for words in chain}
    assert list(kinds) == ["stored", "released", "epoch"]
    assert kinds["stored"]["verdict"] == "intact" and len(kinds["stored"]["objects"]) == 3
    assert kinds["stored"]["camera"]["id"] == model.device.hex()
    health = kinds["released"]
    assert health["released"] == [0, 1] and health["firmware"] == "0.1.0"
    assert health["rate"] > 0 and health["recording_rate"] > 0
    assert {"resets", "lost", "read_us", "write_ms"} <= set(health["selftest"])
    assert json.dumps(chain)


def test_a_chain_that_lacks_an_entry_is_not_written_over(station, entries):
    folder = station.folder / "custody"
    (folder / "00000001.json").unlink()
    with pytest.raises(InputError, match="entry 1 is missing in .*: copy it back from custody/"):
        Chain(station).add("stored", {})
    assert (folder / "00000003.json").read_bytes() == entries[3]


@pytest.mark.parametrize("left", [0, 2])
def test_a_station_restored_from_a_backup_goes_on_where_it_was(station, entries, tmp_path, left):
    vault, folder = Vault(tmp_path / "v"), station.folder / "custody"
    chain = Chain(station)
    chain.publish(vault)
    for path in chain.paths()[left:]:
        path.unlink()
    # Nobody else's entry goes in between, whatever its name says.
    forged = entries[left].replace(b'"number"', b'"NUMBER"')
    vault.put(f"custody/{station.id}", f"{left:08d}", "json", forged)
    chain.take_back(vault)
    assert [path.read_bytes() for path in chain.paths()] == entries
    assert chain.add("stored", {}) == folder / "00000004.json"


@pytest.mark.parametrize(
    "words",
    [
        {"utc": 5},
        {"objects": [[1]]},
        {"recordings": [{"recording": [1], "segments": [0], "utc": 1}]},
        {"log": {"object": "x", "entries": "many", "mac": "00"}},
        {"camera": {"id": [1], "epoch": 1}},
        {"camera": {"id": "00" * 16, "epoch": 1, "card": "no hex"}},
    ],
)
def test_a_signed_entry_without_sense_is_none(station, words):
    entry = Entry(Chain(station).add("stored", words).read_bytes())
    assert (entry.signed, entry.words, entry.about) == (False, {}, None)
