"""The command table of `python3 -m tools`, which after `pip install` is `bodycam`.

A command is one line of `COMMANDS`; its module is loaded only when the command is used, and only
then are the groups of packages set up that it needs. The module has a `typer.Typer` named `app`; a
command function returns None or its exit status. What a person did or must do comes out as one
plain line on standard error, which begins with the command: `typer.BadParameter`, `InputError` and
the system's OSError about a path (status 2; with --json also {"error": ...} on standard output),
`typer.TyperException`, other OSErrors and `SetupError` (1).
"""

import difflib
import importlib
import json
import os
import re
import subprocess
import sys

from tools import examples
from tools.bootstrap import PYTHON, ROOT, SetupError, inside, prepare, require
from tools.evidence.errors import InputError

# command: its module, the groups of packages it needs, what it does
COMMANDS = {
    "sim": ("tools.sim.cli", ("run",), "run a camera on this computer, without hardware"),
    "card": ("tools.evidence.cli", ("run",), "verify, explain, export the evidence on a card"),
    "dock": ("tools.dock.cli", ("run", "dock"), "take the recordings off cameras, safely"),
    "vault": (
        "tools.dock.vault_cli",
        ("run", "dock"),
        "what is kept: list, verify, find, hand out",
    ),
    "keys": ("tools.dock.keys_cli", ("run", "dock"), "make keys, look at them, try them"),
    "boards": ("tools.boards_command", ("run",), "list the boards and what each has"),
    "shift": ("tools.shift.cli", ("run",), "will the battery last, and what to change"),
    "torture": ("tools.torture.cli", ("run",), "faults and power cuts, until a promise breaks"),
    "flash": ("tools.flash.cli", ("run", "flash"), "put the firmware on a camera"),
    "release": (
        "tools.flash.release",
        ("run", "flash", "release"),
        "sign an update that the dock gives to locked cameras",
    ),
    "doctor": ("tools.flash.doctor", ("run", "flash"), "find out why a camera does not work"),
    "bench": ("tools.bench.cli", ("run",), "how fast the recorder is, beside other ways"),
    "test": ("tools.testing", ("run",), "everything that CI runs"),
}

EXAMPLES = (
    ("boards", "what runs where, and how large it is"),
    ("sim --headless --card demo.img --script FILE", "a script of button presses, in seconds"),
    ("card verify demo.img", "is everything there, and as it was recorded?"),
    ("torture --seconds 60", "faults and cuts; prints the shortest script that breaks something"),
    ("flash --board m5stack_cores3", "onto the camera that is plugged in"),
    ("test -k ring", "only the tests whose name says ring"),
)

_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_BLANK = re.compile(r"(?:(--[^=]+)=)?\s*")  # a word with nothing in it, or behind its option


def start(argv):
    """Run the command line `argv` in the clone's own environment; return the exit status."""
    program = "python3 -m tools"
    if not argv or argv[0] not in COMMANDS:
        return _without_command(program, argv)
    try:
        prepare(COMMANDS[argv[0]][1])
    except SetupError as error:
        return _fail(program, error)
    except KeyboardInterrupt:
        anew = "set-up interrupted; the next start begins again, with what was downloaded"
        return _fail(program, anew, _INTERRUPTED)
    if inside():
        return run(program, argv)
    os.environ.pop("PYTHONHOME", None)  # would lead that Python astray
    command = [str(PYTHON), str(ROOT / "tools"), *argv]
    if os.name == "nt":  # where exec returns to the shell before the new process is done
        return subprocess.run(command, check=False).returncode
    sys.stdout.flush()
    return os.execv(command[0], command)


def main():
    """Run the installed command `bodycam`, in the environment that pip made; does not return."""
    argv = sys.argv[1:]
    if not argv or argv[0] not in COMMANDS:
        sys.exit(_without_command("bodycam", argv))
    sys.exit(run("bodycam", argv))


def run(program, argv):
    """Run the command `argv[0]` of `COMMANDS` in this process; return the exit status."""
    tools, program = program, f"{program} {argv[0]}"

    def fail(what, status=1):
        if status == 2 and "--json" in argv:  # what was refused has printed nothing yet
            print(json.dumps({"error": _line(what)}, ensure_ascii=False))
        return _fail(program, what, status)

    try:
        import typer
        from typer.core import TyperGroup

        if not inside():
            require(COMMANDS[argv[0]][1])

        app = importlib.import_module(COMMANDS[argv[0]][0]).app
        command = typer.main.get_command(app)
        examples.complete(command, tools, argv[0])
    except KeyboardInterrupt:  # what is imported takes half a second
        return fail("interrupted", _INTERRUPTED)
    except SetupError as error:
        return fail(error)
    except ModuleNotFoundError as error:
        if inside():
            raise
        return fail(f"the package {error.name} is missing: pip install bodycam anew")
    words = argv[1:]
    if not words and isinstance(command, TyperGroup):
        words = ["--help"]
    for before, word in zip(argv, argv[1:]):
        if blank := _BLANK.fullmatch(word):  # as a path it would be the folder that one is in
            what = f"an empty word after {blank[1] or before}: give it a value, or leave it out"
            return fail(what, 2)
    try:
        status = command.main(words, prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)  # of the command that refused: `card export`
        hint = f"; see {context.command_path if context else program} --help"
        hint = hint if error.exit_code == 2 else ""
        what = error.format_message().removeprefix("Invalid value: ").rstrip(".")
        what = what.replace("Value error, ", "")  # typer's word, which says nothing
        return fail(what + hint, error.exit_code)
    except InputError as error:
        return fail(error, 2)
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, SetupError) as error:
        if getattr(error, "filename", None) and error.strerror:  # the system's own: of a path
            return fail(f"{error.filename}: {error.strerror}; name another", 2)
        return fail(getattr(error, "strerror", None) or error)
    except typer.Abort:
        status = _INTERRUPTED
    # Typer itself makes Ctrl-C a status.
    return fail("interrupted", _INTERRUPTED) if status == _INTERRUPTED else status or 0


def _without_command(program, argv):
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_listing(program))
        return 0
    close = difflib.get_close_matches(argv[0], COMMANDS, 1)
    hint = f"did you mean {close[0]}?" if close else f"see {program} --help"
    return _fail(program, f"no command '{argv[0]}'; {hint}", 2)


def _listing(program):
    lines = ["Tools for the camera: run it on this computer, check what it recorded, test it.", ""]
    lines += [f"  {name:<8}{what}" for name, (_, _, what) in COMMANDS.items()]
    lines += ["", "Examples:"]
    lines += [f"  {program} {words}\n      {what}" for words, what in EXAMPLES]
    return "\n".join([*lines, "", f"More about a command: {program} COMMAND --help"])


def _fail(program, what, status=1):
    print(f"{program}: {_line(what)}", file=sys.stderr)
    return status


def _line(what):
    return " ".join(str(what).split())
