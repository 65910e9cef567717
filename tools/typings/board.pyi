"""The board's file, as it stands on the camera: data only, other names on every board."""

from typing import Any

ID: str
NAME: str
CAPS: tuple[str, ...]

def __getattr__(name: str) -> Any: ...
