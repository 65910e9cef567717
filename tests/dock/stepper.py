"""Docks a camera again and again in processes of its own, killed before each step in turn.

`stepper.py FOLDER` prints one line of JSON for each: what was left after it was docked once more.
It forks, because starting Python anew for each step takes a second; the store's library has
threads, so that nothing here but the forked may use it.
"""

import json
import os
import signal
import sys
import traceback
from functools import partial
from pathlib import Path

from fakecamera import FakeCamera, serve
from faultydock import Steps
from plugged import Plugged, is_blank, recorded, stored

from tools.dock.cli import Options
from tools.dock.docking import Docking
from tools.dock.ledger import check
from tools.dock.station import Station
from tools.dock.vault import Vault


class Forked(Plugged):
    """A camera in a forked process, which is there at once."""

    def start(self):
        self.process = os.fork()
        if not self.process:
            image, _, _, *vaults = self._arguments
            serve(self._master, FakeCamera(image, vaults))
            os._exit(0)

    def kill(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


def forked(work):
    """Run `work` in a process of its own; return whether it was killed.

    It must be right otherwise, and over in a minute.
    """
    child = os.fork()
    if not child:
        signal.alarm(60)
        right = False
        try:
            right = work()
        except Exception:  # noqa: BLE001  it would be lost with the process
            traceback.print_exc()
        finally:
            os._exit(not right)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, status
    return killed


def docked(image, port, vaults, last=0):
    """Dock, dying before step `last`; return whether everything is safe."""
    Steps(last).everywhere()
    options = Options(profile='{"name": "nrw_order_service", "changes": {}}')
    station = Station([f"{image}.keys"])
    vaults = [Vault(vault) for vault in vaults]
    report = Docking(station, vaults, port, options).run()
    if report.not_safe:
        print(f"before step {last}:", report.not_safe, file=sys.stderr)
    return not report.not_safe


def left(image, model, vaults):
    """What is left when everything is over, as JSON has it."""
    log = Path(f"{image}.camera/log.bin").read_bytes()
    pages = [log[at : at + 256] for at in range(0, len(log), 256)]
    return {
        "card_is_empty": is_blank(image, model.at(0), 4 << 20),
        "parts": len(list(Path(f"{image}.keys", "parts").iterdir())),
        "blocks_are_there": [stored(vault, model) == model.blocks for vault in vaults],
        "segments": [len(list(Path(vault).rglob("segment-*"))) for vault in vaults],
        "epoch": pages[0][48:52].hex(),
        "entries": sorted({page[8] for page in pages if page[:4] == b"BWL1"}),
        "checks": sorted(path.name for path in Path(f"{image}.keys").glob("check-*.json")),
        "profile": Path(f"{image}.camera/profile.json").read_text(),
        "too_early": Path(f"{image}.early").exists(),
        "vault_is_whole": not forked(lambda: not any(check(Vault(v)).findings for v in vaults)),
    }


def main(folder):
    os.fsync = lambda handle: None  # who is killed loses nothing that was written
    step, died = 0, True
    while died:
        here = Path(folder, str(step))
        here.mkdir()
        image, model = recorded(here / "a.img", recordings=1, frames=2)
        vaults = here / "one", here / "two"
        with Forked(image, vaults=vaults) as camera:
            once = partial(docked, image, camera.port, vaults)
            died = not step or forked(partial(once, step))
            if died:
                forked(once)
        print(json.dumps(left(image, model, vaults)), flush=True)
        step += 1


if __name__ == "__main__":
    main(sys.argv[1])
