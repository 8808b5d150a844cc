"""Workloads resolved: their programs, what may come in, and what captured ones may call."""
