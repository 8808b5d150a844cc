"""The loop: coalesce → compile → build → publish. One writer; keeps the last good of every proxy."""
