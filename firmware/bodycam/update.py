"""The command UPDATE: a station gives the camera a release in pieces (tools/dock/PROTOCOL.md)."""

from micropython import const

from bodycam.slots import Refused

_TEXT_BYTES = const(16_384)  # of a manifest with its signature
_NEED = const(8)  # paths in an answer


class Update:
    """Takes what a dock asks for to `slots`."""

    def __init__(self, slots):
        self._slots = slots
        self._text = b""  # manifest and signature, as far as they came
        self._acts = (self._begin, self._data, self._end, self._status)

    def __call__(self, body: dict) -> dict:
        """Return the answer to `body`, whatever is in it: `why` it is refused, or what PROTOCOL.md
        says. Nothing is the answer to an end: then the camera has to restart. Blocks some 0.3 s
        at the last piece of a begin and at an end (estimate).

        Raises:
            OSError: the file system is full or failed.
        """
        try:
            return self._acts[body["do"]](body)
        except Refused as refused:
            return {"why": str(refused)[:120]}
        except (KeyError, IndexError, TypeError, ValueError):
            return {"why": "not understood"}

    def _begin(self, body):
        at, manifest_bytes, all_bytes = body["o"], body["k"], body["n"]
        if not 0 < manifest_bytes < all_bytes <= _TEXT_BYTES:
            raise Refused("too large")
        if at == 0:
            self._text = b""
        if at == len(self._text):
            self._text += body["d"]
        text = self._text
        if len(text) < all_bytes:
            return {"n": len(text)}
        self._text = b""
        need = self._slots.begin(text[:manifest_bytes], text[manifest_bytes:all_bytes])
        return {"need": need[:_NEED]}

    def _data(self, body):
        return {"n": self._slots.write(body["f"], body["o"], body["d"])}

    def _end(self, body):
        self._slots.switch()
        return {}

    def _status(self, body):
        return self._slots.status()
