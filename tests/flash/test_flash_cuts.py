"""A power cut within every operation of the camera's flash while a version is exchanged: what
starts is one version, whole, and the next flash ends what is left.

The bytes in the flash are those of real littlefs on strict NOR flash, the commands those of the
real `flash`; only the line between them is another.
"""

import json
import random
import subprocess

import pytest
from conftest import ROOT, _command
from versions import FILES, OLD

from tools.flash import install
from tools.flash.link import Link, LinkError

pytest_plugins = ["flash_fixtures"]

ABOUT = {"block_bytes": 4096, "flash_free_bytes": 200_000}
EXCHANGE = 24  # operations at the end, at least, in which files change places


class Wire:
    """What install.py knows of a link, to cut_agent.py. A context manager."""

    put = Link.put

    def __enter__(self):
        agent = ROOT / "tests" / "flash" / "cut_agent.py"
        command = [*_command("unix"), "-X", "heapsize=16m", str(agent)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._camera = subprocess.Popen(command, cwd=ROOT, **pipes)
        return self

    def __exit__(self, *_):
        self._camera.stdin.close()
        self._camera.wait(10)
        self._camera.stdout.close()

    def ask(self, **request):
        self._camera.stdin.write(json.dumps(request) + "\n")
        self._camera.stdin.flush()
        said = self._camera.stdout.readline()
        while not said.startswith("= "):
            assert said, "the camera ended"
            said = self._camera.stdout.readline()
        answer = json.loads(said[2:])
        if "gone" in answer:
            raise LinkError("the power is gone")
        return answer["is"]

    def call(self, name, *words):
        return self.ask(do=name, words=words)


@pytest.fixture
def wire():
    with Wire() as wire:
        yield wire


def flash(wire, board, files):
    """Bring `files` onto the camera; return how many operations of its flash that took."""
    before = wire.ask()
    install.Plan(wire, board, "1", files).carry_out(ABOUT, lambda n: None)
    return wire.ask() - before


def contents(wire):
    folders = ("", "/bodycam", "/drivers", "/new", "/new/bodycam", "/new/drivers")
    paths = [f"{top}/{name}" for top in folders for name in wire.call("names", top or "/")]
    return dict(zip(paths, wire.call("digests", paths)))


def is_there(on_it, files):
    return all(on_it.get("/" + name) == install.described(data) for name, data in files.items())


def after_cut(wire, board, operation):
    """Cut an exchange of OLD for FILES; return what starts then: "old", "new", "held" and new."""
    wire.ask(cut=operation)
    with pytest.raises(LinkError):
        flash(wire, board, FILES)
    said = wire.ask(boot=1)
    assert said in (None, "reset"), said
    if said:
        assert wire.ask(boot=1) is None
    on_it = contents(wire)
    old = on_it["/main.py"] == install.described(OLD["main.py"])
    assert is_there(on_it, OLD if old else FILES)
    assert not (old and said)
    return "held" if said else "old" if old else "new"


def test_after_a_cut_at_any_operation_one_version_starts_whole_and_the_next_flash_ends_it(
    wire, board, seed, full
):
    flash(wire, board, OLD)
    total = flash(wire, board, FILES)
    early = range(1, total - EXCHANGE)
    cuts = early if full else sorted(random.Random(seed).sample(early, 8))
    states = []
    for operation in [*cuts, *range(total - EXCHANGE, total - 4)]:
        flash(wire, board, OLD)
        states.append(after_cut(wire, board, operation))
        flash(wire, board, FILES)
        on_it = contents(wire)
        assert set(on_it) == {"/" + name for name in FILES} | {"/manifest.json"}
        assert is_there(on_it, FILES) and install.Plan(wire, board, "1", FILES).complete
    assert states == sorted(states, key=("old", "held", "new").index)
    assert set(states) == {"old", "held", "new"}


@pytest.mark.parametrize("part", [0.25, 0.5, 0.8])
def test_a_first_flash_that_is_cut_says_so_at_the_prompt_and_the_next_one_ends_it(part, board):
    with Wire() as wire:
        total = flash(wire, board, FILES)
    with Wire() as wire:
        wire.ask(cut=int(total * part))
        with pytest.raises(LinkError):
            flash(wire, board, FILES)
        assert "run the command flash again" in wire.ask(boot=1)
        assert install.Plan(wire, board, "1", FILES).found == "unfinished"
        flash(wire, board, FILES)
        assert wire.ask(boot=1) is None and is_there(contents(wire), FILES)


def test_littlefs_does_not_find_the_file_behind_a_moved_one_until_something_is_written(wire):
    """Why held.py begins by making a folder. A rename from one folder into another is two commits:
    the first makes the new name and tells which entry of the old folder has moved; the second
    takes that one away. After a cut between them littlefs counts the entry as gone, and every
    later one a place before; but since 2.9 its lfs_dir_getslice takes the next one, which now has
    that place, for the moved one, too. No byte is lost: a call that may write ends the rename.
    """
    wire.call("folder", "/new")
    for name in "abc":
        wire.put(f"/new/{name}", name.encode())
    wire.ask(cut=2)  # the second commit
    with pytest.raises(LinkError):
        wire.call("move", [["/new/a", "/a"]])
    wire.ask(boot=1)
    assert wire.call("names", "/new") == ["c"]
    wire.call("folder", "/new")
    assert wire.call("names", "/new") == ["b", "c"] and wire.call("text", "/a") == "a"
