"""Frozen by the maker of an interpreter's image: the key that signs releases."""

PUBLIC: bytes
