"""Runs the firmware through faults and cuts, and checks what it promises with the reader.

The firmware runs in this process: its folder, and the stand-ins for MicroPython's own modules, are
put on the path here.
"""

import sys

from tools.bootstrap import ROOT

for _folder in (ROOT / "tools" / "sim" / "shim", ROOT / "firmware"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))
