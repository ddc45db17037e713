"""Benchmarks: one file each, every figure beside a peer or a limit measured in the same run."""
