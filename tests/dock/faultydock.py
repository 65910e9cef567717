"""The command `dock` with a vault that fails: `faultydock.py SEED FAULTS WORDS...`.

FAULTS is a comma list of: `refuses` `short` `lies` (reading once gives an error, too few bytes,
other bytes), `stores-short` (what is written once is cut off), `dies-N` (the process is killed
before the N-th step: whatever writes to vault, chain, keys, camera).
"""

import os
import random
import signal
import sys

from obstore.exceptions import GenericError

from tools import cli
from tools.dock import custody, session, station, vault

obstore = vault.obstore


class Faulty:
    """Stands for the module obstore."""

    def __init__(self, seed, faults):
        drawn = random.Random(seed)
        self.reads = {drawn.randrange(2, 12): fault for fault in faults}
        self.count = 0
        self.list, self.head = obstore.list, obstore.head

    def put(self, store, key, data, mode):
        if "stores-short" in self.reads.values() and key.endswith(".bwl"):
            self.reads = {at: f for at, f in self.reads.items() if f != "stores-short"}
            data = data[:-100]
        return obstore.put(store, key, data, mode=mode)

    def get(self, store, key):
        self.count += 1
        fault = self.reads.pop(self.count, None)
        if fault == "refuses":
            raise GenericError("the vault refuses, for a test")
        return Given(obstore.get(store, key), fault)


class Given:
    def __init__(self, answer, fault):
        self.answer, self.fault = answer, fault

    def bytes(self):
        data = bytes(self.answer.bytes())
        if self.fault == "short":
            return data[: len(data) // 2]
        if self.fault == "lies":
            return data[:-1] + bytes((data[-1] ^ 1,))
        return data


class Steps:
    """Counts the steps that change something, and dies before the one that is named."""

    def __init__(self, last):
        self.left = last

    def before(self, owner, name):
        real = getattr(owner, name)

        def step(*args, **kwargs):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        setattr(owner, name, step)

    def everywhere(self):
        """Put a step before all that changes vault, chain, keys or camera."""
        for owner, name in (
            (vault.Vault, "put"),
            (vault.Vault, "holds"),
            (session.Session, "command"),
            (session.Session, "auth"),
            (station, "replace"),
            (custody, "replace"),
            (station.Station, "epoch"),
        ):
            self.before(owner, name)


if __name__ == "__main__":
    seed, faults, words = int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
    stop = [int(fault[5:]) for fault in faults if fault.startswith("dies-")]
    vault.obstore = Faulty(seed, [f for f in faults if f and not f.startswith("dies-")])
    Steps(stop[0] if stop else 0).everywhere()
    sys.exit(cli.run("dock", ["dock", *words]))
