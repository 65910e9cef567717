"""Every module of the firmware can be imported on MicroPython, but for those that need chips."""

import os
import sys

ENTRY = ("app", "chips", "joins", "lastwords")
ROOT = next(path for path in sys.path if path and "boards" in os.listdir(path))

for package, folder in (
    ("bodycam", ROOT + "/firmware/bodycam"),
    ("drivers", ROOT + "/drivers"),
    ("boards", ROOT + "/boards"),
):
    for name in sorted(os.listdir(folder)):
        module = name[:-3]
        if name.endswith(".py") and not name.startswith("_") and module not in ENTRY:
            try:
                __import__(package + "." + module)
            except SyntaxError:  # as on a processor for which MicroPython makes no machine code
                assert module.endswith("_viper")

print("ok")
