"""The page's camera thread without a browser: its cipher, its lens and its pace."""

import base64
import io
import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tools import bootstrap


@pytest.fixture(scope="module")
def told():
    """What machine.mjs says."""
    command = [bootstrap.node(), Path(__file__).parent / "machine.mjs"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_the_cipher_gives_the_vectors_of_its_standard(told):
    assert told["cbc"] == [
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
    ]


def test_the_scene_is_a_film_of_twelve_seconds_for_each_mood(told):
    after_12_s, a_tenth_later, another_mood, the_same = told["again"]
    assert after_12_s and the_same and not a_tenth_later and not another_mood


def test_a_picture_that_was_painted_on_is_encoded_as_it_is(told):
    seen, again, painted = (
        Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")
        for text in (*told["jpeg"], told["painted"])
    )
    assert seen.size == (320, 240) and not ImageChops.difference(seen, again).getbbox()
    upper, lower = (0, 0, 320, 56), (0, 66, 320, 240)  # colours are two rows high
    assert max(high for _, high in painted.crop(upper).getextrema()) < 16
    assert max(high for _, high in seen.crop(upper).getextrema()) > 200
    assert not ImageChops.difference(seen.crop(lower), painted.crop(lower)).getbbox()


def test_a_short_stall_is_made_up_for_and_a_frozen_tab_is_let_go(told):
    smooth, stalled, frozen = told["pace"]
    assert smooth == stalled == 5000
    assert abs(frozen - 3000) <= 1 and abs(told["late"] - 2000) <= 1


def test_what_a_recording_holds_up_in_a_shift_is_made_up_for_in_idle(told):
    recording_s, idle_s = told["shift"]
    assert recording_s < 1 and 9.9 < recording_s + idle_s < 10.1
