"""Why the camera cannot record: one exception, whose reason is a key of words.FAULTS."""


class Fault(Exception):
    """Recording is not possible.

    `reason` is a key of `words.FAULTS` (what the display says), `detail` is for the log.
    """

    def __init__(self, reason: str, detail: object = ""):
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = str(detail)
