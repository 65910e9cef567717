"""What a person can put right: one plain line that names the thing and the remedy."""


class InputError(Exception):
    """The image, a folder or a key given is not what was needed; the text is one line."""
