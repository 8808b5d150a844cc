"""Rules a schema cannot say, one file per kind; each yields every problem it finds."""
