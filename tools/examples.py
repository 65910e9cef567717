"""The examples in the help of every command, as they are typed after `python3 -m tools`."""

import inspect

# command: its examples, each short enough that a terminal of 80 columns does not break it
EXAMPLES = {
    "sim": (
        "sim",
        "sim --export public",
        "sim --demo",
        "sim --headless --card demo.img",
        "sim --headless --on wasm --video street.mp4 --json",
        "sim --headless --script shift.txt",
        "sim --serve --card one.img --card two.img",
    ),
    "card new": ("card new demo.img", "card new big.img --size 32G --seed 7"),
    "card info": (
        "card info demo.img",
        "card info /dev/sdb --camera log --keys agency --json",
    ),
    "card verify": ("card verify demo.img", "card verify demo.img --keys station --json"),
    "card explain": (
        "card explain demo.img --lang de",
        "card explain demo.img --keys station --json",
    ),
    "card export": ("card export demo.img out", "card export demo.img out --keys agency --json"),
    "card salvage": ("card salvage demo.img pieces", "card salvage demo.img --keys agency --json"),
    "dock": (
        "dock --vault vault --keys station",
        "dock --port /dev/ttyACM0 --vault vault --keys station",
        "dock --vault s3://evidence/city --vault backup --keys station",
        'dock --vault vault --keys station --enrol "Streife 7"',
    ),
    "vault list": ("vault list vault",),
    "vault find": (
        "vault find vault --since 2026-11-22",
        'vault find vault --camera "Streife 7" --until 2026-11-30 --json',
    ),
    "vault verify": ("vault verify vault", "vault verify s3://evidence/city --keys station"),
    "vault export": ("vault export vault handed_out",),
    "vault add": ("vault add demo.img --vault vault --keys station",),
    "keys new": ("keys new keys",),
    "keys show": ("keys show --keys keys/station",),
    "keys drill": ("keys drill /dev/sdb --keys recovery",),
    "keys export": ('keys export "Streife 7" moved.json --keys station',),
    "keys import": ("keys import moved.json --keys station",),
    "boards": ("boards", "boards --json", "boards --wiring boards/wiring"),
    "shift": (
        "shift",
        "shift --board pico2w_arducam --plot shift.png --json",
        "shift --capacity 500 --temperature -5 --health 80",
        "shift --calibrate discharge.csv --capacity 1950",
    ),
    "torture": (
        "torture --seconds 60",
        "torture --seconds 600 --seed 7 --board esp32_s3_eye",
        'torture --case "dead card" --on unix --json',
    ),
    "flash": (
        "flash --board m5stack_cores3",
        "flash --board m5stack_cores3 --port /dev/ttyACM0 --dry-run",
        "flash --board m5stack_cores3 --image ESP32_GENERIC_S3.bin",
        "flash --board pico2w_arducam --frozen frozen",
    ),
    "release new-key": ("release new-key release.key",),
    "release sign": (
        "release sign release-1 --board m5stack_cores3 --key release.key --number 1",
    ),
    "doctor": (
        "doctor --board m5stack_cores3",
        "doctor --board m5stack_cores3 --discharge discharge.csv",
    ),
    "bench": ("bench", "bench --on wasm --runs 1", "bench --json --plot bench.png > bench.json"),
    "test": ("test", "test -k ring -x", "test --full", "test --device /dev/ttyACM0"),
}


def complete(command, program, name):
    """Give a command, and each command in it, `-h` and its examples as `program` takes them.

    A command of commands shows the first example of each.
    """
    command.context_settings["help_option_names"] = ["-h", "--help"]
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    # Typer breaks lines where the source does, and again where the terminal ends.
    command.help = "\n\n".join(" ".join(lines.split()) for lines in paragraphs)
    inner = getattr(command, "commands", {})
    for word, part in inner.items():
        complete(part, program, f"{name} {word}")
    lines = EXAMPLES.get(name) or [EXAMPLES[f"{name} {word}"][0] for word in inner]
    # The first character keeps the lines apart where help is plain text.
    command.epilog = "\n".join(["\b", "Examples:", *(f"  {program} {line}" for line in lines)])
