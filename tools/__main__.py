"""Entry of `python3 -m tools`: check the Python version, then hand over to `tools.cli`."""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit("this needs Python 3.11 or newer, and this one is " + sys.version.split()[0])

# `python3 -m tools` puts the current folder there, `python3 path/to/tools` this file's own.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from tools import cli  # noqa: E402

if __name__ == "__main__":
    sys.exit(cli.start(sys.argv[1:]))
