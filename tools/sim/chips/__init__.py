"""Chips at register level, written from their data sheets a second time, and strict."""
