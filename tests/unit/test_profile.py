"""Profiles: what is allowed, and what is refused with a word about it."""

import json

import pytest
from conftest import ROOT

from bodycam import profile


def test_north_rhine_westphalia_has_no_pre_recording_and_no_sound():
    values = profile.make("nrw_order_service")
    assert values["pre_event_s"] == 0 and values["audio"] is False


@pytest.mark.parametrize("name", profile.PROFILES)
def test_every_profile_is_within_the_ranges(name):
    assert profile.make(name)["name"] == name


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"pre_event_s": 121}, "121"),
        ({"volume": 3}, "volume"),
        ({"audio": 1}, "bool"),
        ({"hold_ms": "3000"}, "int"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(changes, word):
    with pytest.raises(ValueError, match=word):
        profile.make("nrw_order_service", changes)


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ValueError, match="nrw_order_service"):
        profile.make("nrw")


def test_a_camera_without_a_file_uses_the_default(tmp_path):
    assert profile.load(str(tmp_path / "profile.json"))["name"] == profile.DEFAULT


def test_a_stored_profile_is_read_and_checked(tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"name": "pre_event_30s", "changes": {"remind_s": 60}}))
    values = profile.load(str(path))
    assert (values["pre_event_s"], values["remind_s"]) == (30, 60)


def test_the_readme_has_every_profile_and_setting_with_its_default_and_range():
    text = (ROOT / "firmware" / "README.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    told = {row[0].strip("`"): row[1:] for row in rows if row and row[0].startswith("`")}
    for name in profile.PROFILES:
        assert len(told[name]) == 1
    for name, values in profile.RANGES.items():
        assert told[name][:3] == ["" if one is None else json.dumps(one) for one in values], name
