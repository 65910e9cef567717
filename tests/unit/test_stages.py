"""The stage table, every pair of stage and event."""

import pytest

from bodycam.stages import EVENTS, STAGES, TABLE, Stages

# Rows: from; columns: the events that lead somewhere. Everything that is not here is ignored.
LADDER = {
    "off": {"boot": "idle", "fault": "fault"},
    "idle": {
        "show": "display_on",
        "record": "recording",
        "arm": "armed",
        "off": "off",
        "dock": "docked",
        "battery_empty": "off",
        "fault": "fault",
    },
    "armed": {
        "hide": "idle",
        "timeout": "idle",
        "record": "recording",
        "off": "off",
        "dock": "docked",
        "battery_empty": "off",
        "fault": "fault",
    },
    "display_on": {
        "hide": "idle",
        "timeout": "idle",
        "record": "recording",
        "arm": "armed",
        "off": "off",
        "dock": "docked",
        "battery_empty": "off",
        "fault": "fault",
    },
    "recording": {
        "mark": "recording",
        "ask_stop": "recording",
        "keep": "recording",
        "stop": "recording",
        "sealed": "display_on",
        "fault": "fault",
    },
    "docked": {"undock": "idle", "battery_empty": "off", "fault": "fault"},
    "fault": {"mended": "idle", "dock": "docked", "off": "off", "battery_empty": "off"},
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_pair_leads_where_the_procedure_says(stage, event):
    stages = Stages()
    stages.stage = stage
    seen = []
    stages.observe(lambda *change: seen.append(change))
    after = LADDER[stage].get(event)
    assert stages.post(event) is (after is not None)
    assert stages.stage == (after or stage)
    assert seen == ([(stage, event, after)] if after else [])


def test_a_recording_ends_only_with_its_seal_or_a_fault():
    ways_out = {
        event
        for (stage, event), after in TABLE.items()
        if stage == "recording" and after != "recording"
    }
    assert ways_out == {"sealed", "fault"}


def test_only_record_leads_into_recording():
    ways_in = {
        event
        for (stage, event), after in TABLE.items()
        if after == "recording" and stage != "recording"
    }
    assert ways_in == {"record"}


def test_nothing_is_recorded_straight_from_off_docked_or_fault():
    assert not {stage for (stage, event) in TABLE if event == "record"} & {
        "off",
        "docked",
        "fault",
    }


def test_an_event_that_no_stage_knows_is_an_error():
    with pytest.raises(ValueError, match="no such event: pres"):
        Stages().post("pres")
