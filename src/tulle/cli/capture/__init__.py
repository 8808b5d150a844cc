"""`tulle capture`: whose traffic on this host is captured, by which rules, and what to do about leftovers."""
