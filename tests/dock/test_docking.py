"""The dock against a camera that was written apart: PROTOCOL.md is all that they share."""

import faulthandler
import random
import sys
import time
from pathlib import Path

import pytest
from plugged import Plugged, begin, dock, is_blank, recorded, stored

_LONGEST_S = 1500


def test_a_docking_ends_with_all_in_the_vault_and_the_card_empty(tmp_path):
    image, model = recorded(tmp_path / "a.img", torn=True)
    with Plugged(image) as camera:
        words = "--port", camera.port, "--vault", tmp_path / "vault", "--keys", f"{image}.keys"
        (one,), said = dock(*words)
    assert (one["id"], one["recordings"], one["released"]) == (model.device.hex(), 3, 3)
    assert one["not_safe"] == []
    assert stored(tmp_path / "vault", model) == model.blocks
    assert is_blank(image, model.at(0))
    assert "3 Aufnahmen, alles sicher im Archiv" in said and "all safe in the vault" in said


def eight_cameras(folder, seed, recordings, frames, kills, longest_s, limit_s):
    """Dock eight at once over bad lines, with vaults that fail; `kills` times kill a camera and
    the station, up to `longest_s` after its start. All must be safe in the end.
    """
    drawn = random.Random(seed)
    vaults = folder / "one", folder / "two"
    cameras, words = [], ["--vault", vaults[0], "--vault", vaults[1]]
    for number in range(8):
        image, model = recorded(
            folder / f"{number}.img", recordings, frames, size=166_000, seed=seed + number
        )
        cameras.append((Plugged(image, 1.0, seed + number, vaults), image, model))
        words += ["--port", cameras[-1][0].port, "--keys", f"{image}.keys"]
    try:
        for turn in range(kills):
            process = begin(*words, faults="refuses,short,lies,stores-short", seed=seed + turn)
            time.sleep(drawn.uniform(1.0, longest_s))
            one = drawn.choice(cameras)[0]
            one.kill()
            time.sleep(drawn.uniform(0, 0.3))
            one.start()
            time.sleep(drawn.uniform(0, 0.5))
            process.kill()
            process.communicate()
        found, _ = dock(*words, faults="refuses,short,lies", seed=seed, limit_s=limit_s)
    finally:
        for camera, *_ in cameras:
            camera.__exit__()
    for one, (_, image, model) in zip(found, cameras):
        assert (one["not_safe"], one["id"]) == ([], model.device.hex())
        assert not Path(f"{image}.early").exists(), Path(f"{image}.early").read_text()
        assert is_blank(image, model.at(0))
        for vault in vaults:
            assert stored(vault, model) == model.blocks
    return sum(len(model.blocks) for *_, model in cameras)


def test_eight_cameras_over_bad_lines_lose_nothing(tmp_path, seed):
    eight_cameras(tmp_path, seed, recordings=2, frames=12, kills=1, longest_s=2, limit_s=100)


@pytest.mark.full
def test_a_gibibyte_of_eight_cameras_and_twenty_kills_lose_nothing(
    tmp_path, seed, record_property
):
    # Instead of after two minutes, as for every other test.
    faulthandler.dump_traceback_later(_LONGEST_S, exit=True, file=sys.__stderr__)
    start_s = time.monotonic()
    blocks = eight_cameras(tmp_path, seed, 34, 24, kills=20, longest_s=12, limit_s=_LONGEST_S)
    assert blocks * 16_384 >= 1 << 30
    took_s = time.monotonic() - start_s
    record_property("measured", f"{blocks * 16_384 >> 20} MiB of 8 cameras in {took_s:.0f} s")
