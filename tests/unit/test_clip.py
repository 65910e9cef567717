"""Preparing videos: any size, filled and cropped to the sensor; mistakes are one line."""

import io
import json

import av
import pytest
from PIL import Image

from tools.sim import clip

SIZE = (64, 48)


@pytest.fixture
def make_video(tmp_path):
    def make(name="in.mp4", size=(128, 48), count=10, fps=10, color=(250, 10, 10)):
        path = tmp_path / name
        with av.open(str(path), "w") as out:
            stream = out.add_stream("mpeg4", rate=fps)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            for _ in range(count):
                picture = Image.new("RGB", size, color)
                picture.paste((10, 10, 250), (0, 0, size[0] // 8, size[1]))
                out.mux(stream.encode(av.VideoFrame.from_image(picture)))
            out.mux(stream.encode())
        return path

    return make


def prepare(video, tmp_path, **more):
    folder = clip.prepare(video, SIZE, 80, tmp_path / "cache", **more)
    return folder, json.loads((folder / "clip.json").read_text())


def test_a_video_becomes_pictures_of_the_sensors_size(make_video, tmp_path):
    heard = []
    folder, about = prepare(make_video(), tmp_path, progress=lambda done, of: heard.append(done))
    assert (about["w"], about["h"], about["count"], about["jpeg_quality"]) == (64, 48, 10, 80)
    assert about["starts_ms"] == [100 * i for i in range(10)]
    assert about["duration_ms"] == 1000
    assert (folder / "clip.rgb").stat().st_size == 10 * 64 * 48 * 2
    assert heard == list(range(1, 11))


def test_pictures_are_cropped_not_squeezed_and_are_big_endian(make_video, tmp_path):
    # 128 x 48 into 64 x 48: the blue eighth on the left is cut off.
    folder, _ = prepare(make_video(), tmp_path)
    pixel = int.from_bytes((folder / "clip.rgb").read_bytes()[:2], "big")
    assert pixel >> 11 > 25
    assert pixel & 31 < 6


def test_every_jpeg_is_whole_and_of_the_same_picture(make_video, tmp_path):
    folder, about = prepare(make_video(), tmp_path)
    data = (folder / "clip.jpg").read_bytes()
    offsets = about["jpeg_offsets"]
    assert offsets[0] == 0
    assert offsets[-1] == len(data)
    for begin, end in zip(offsets, offsets[1:], strict=False):
        picture = Image.open(io.BytesIO(data[begin:end])).convert("RGB")
        assert picture.size == SIZE
        assert picture.getpixel((30, 20))[0] > 200


def test_a_clip_is_prepared_once(make_video, tmp_path):
    video = make_video()
    first, _ = prepare(video, tmp_path)
    heard = []
    again, _ = prepare(video, tmp_path, progress=lambda done, of: heard.append(done))
    assert (again, heard) == (first, [])
    other = clip.prepare(video, SIZE, 90, tmp_path / "cache")
    assert other != first


def test_a_long_video_is_cut_and_said_so(make_video, tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "FRAMES_MAX", 4)
    said = []
    _, about = prepare(make_video(), tmp_path, say=said.append)
    assert about["count"] == 4
    assert about["duration_ms"] == 400
    assert len(said) == 1
    assert "first 4 pictures" in said[0]


def test_the_built_in_scene_moves_and_loops(tmp_path):
    folder, about = prepare(None, tmp_path)
    assert about["count"] == 96
    assert about["duration_ms"] == 8000
    data = (folder / "clip.rgb").read_bytes()
    n = 64 * 48 * 2
    assert data[:n] != data[48 * n : 49 * n]


@pytest.mark.parametrize(
    ("name", "content"), [("empty.mp4", b""), ("text.mp4", b"not a video at all\n" * 50)]
)
def test_what_is_no_video_is_one_plain_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(clip.ClipError) as caught:
        prepare(path, tmp_path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_that_is_not_there_is_one_plain_line(tmp_path):
    with pytest.raises(clip.ClipError, match="No such file"):
        prepare(tmp_path / "nowhere.mp4", tmp_path)


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    with pytest.raises(clip.ClipError, match="no picture"):
        prepare(path, tmp_path)
