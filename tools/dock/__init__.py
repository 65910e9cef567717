"""Download from cameras, the vault, the keys: the commands `dock`, `vault`, `keys`."""

import sys
from pathlib import Path

# Behind everything else, so that a real crcmod comes first where there is one.
sys.path.append(str(Path(__file__).with_name("shim")))
