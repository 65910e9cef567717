"""The dock against a camera that was written apart: PROTOCOL.md is all that they share."""

from plugged import Plugged, dock, recorded

from tools.dock.epochs import given
from tools.evidence.case import Case  # noqa: F401


def test_a_docking_ends_with_everything_in_the_vault_and_the_card_empty(tmp_path):
    image, model = recorded(tmp_path / "a.img", torn=True)
    with Plugged(image) as camera:
        vault = tmp_path / "vault"
        cameras, said = dock("--port", camera.port, "--vault", vault, "--keys", f"{image}.keys")
    (one,) = cameras
    print(said, one)
    assert (one["id"], one["recordings"], one["released"]) == (model.device.hex(), 3, 3)
    assert one["not_safe"] == []
    assert given(str(vault))
