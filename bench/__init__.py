"""Benchmarks: figures beside a baseline of the same run. `make bench`; QUICK=1 stays under five minutes."""
