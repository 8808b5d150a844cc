"""Policies resolved: which meets which target, and what that allows."""
