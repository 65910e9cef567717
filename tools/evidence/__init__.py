"""The independent reader of the evidence log, written from FORMAT.md and from nothing else."""
