"""The C module `jpeg` of mp_jpeg 0.3.1: what the drivers use of it."""

class Encoder:
    def __init__(
        self,
        height: int,
        width: int,
        pixel_format: str,
        *,
        quality: int = ...,
        rotation: int = ...,
    ) -> None: ...
    def encode(self, buf: object) -> bytes: ...
