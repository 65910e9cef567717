"""Runs before main.py: room for the text of an exception that strikes when the heap is locked
or full.
"""

import micropython

micropython.alloc_emergency_exception_buf(100)
