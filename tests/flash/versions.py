"""What stands for two versions of the firmware."""

FILES = {
    "boot.py": b"# boot\n",
    "main.py": b"import board\n",
    "bodycam/__init__.mpy": b"M\x06" + b"a" * 3000,
    "bodycam/app.mpy": bytes(range(256)) * 20,
    "drivers/one.mpy": b"M\x06" + b"b" * 700,
    "board.mpy": b"M\x06" + b"c" * 1600,
}
OLD = {
    **FILES,
    "main.py": b"old main\n",
    "bodycam/app.mpy": b"M\x06old" * 300,
    "drivers/gone.mpy": b"M\x06gone",
}
