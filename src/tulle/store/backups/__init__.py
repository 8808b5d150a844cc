"""Backups: the store and the mesh's keys as one file; taken while a server runs, looked at, and put back whole."""
