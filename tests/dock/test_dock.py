"""The dock against a camera that was written apart: PROTOCOL.md is all that they share."""

import random
import time
from pathlib import Path

from plugged import Plugged, begin, dock, recorded, stored


def test_a_docking_ends_with_all_in_the_vault_and_the_card_empty(tmp_path):
    image, model = recorded(tmp_path / "a.img", torn=True)
    with Plugged(image) as camera:
        words = "--port", camera.port, "--vault", tmp_path / "vault", "--keys", f"{image}.keys"
        (one,), said = dock(*words)
    assert (one["id"], one["recordings"], one["released"]) == (model.device.hex(), 3, 3)
    assert one["not_safe"] == []
    assert stored(tmp_path / "vault", model) == model.blocks
    assert not any(image.read_bytes()[model.at(0) :])
    assert "alle sicher im Archiv" in said and "all safe in the vault" in said


def test_eight_cameras_over_bad_lines_lose_nothing(tmp_path, seed, full):
    drawn = random.Random(seed)
    recordings, kills = (32, 20) if full else (2, 1)
    vaults = tmp_path / "one", tmp_path / "two"
    cameras, words = [], ["--vault", vaults[0], "--vault", vaults[1]]
    for number in range(8):
        image, model = recorded(
            tmp_path / f"{number}.img", recordings, frames=24, size=166_000, seed=seed + number
        )
        cameras.append((Plugged(image, 1.0, seed + number, vaults), image, model))
        words += ["--port", cameras[-1][0].port, "--keys", f"{image}.keys"]
    try:
        for turn in range(kills):
            process = begin(*words, faults="refuses,short,lies,stores-short", seed=seed + turn)
            time.sleep(drawn.uniform(1.0, 2.0))
            one = drawn.choice(cameras)[0]
            one.kill()
            time.sleep(drawn.uniform(0, 0.3))
            one.start()
            time.sleep(drawn.uniform(0, 0.5))
            process.kill()
            process.communicate()
        found, _ = dock(*words, faults="refuses,short,lies", seed=seed)
    finally:
        for camera, *_ in cameras:
            camera.__exit__()
    for one, (_, image, model) in zip(found, cameras):
        assert (one["not_safe"], one["id"]) == ([], model.device.hex())
        assert not Path(f"{image}.early").exists(), Path(f"{image}.early").read_text()
        assert not any(image.read_bytes()[model.at(0) :])
        for vault in vaults:
            assert stored(vault, model) == model.blocks
