"""Stands in for crcmod, of which there are no wheels, and whose CRC is slow without a compiler."""
