"""One agent for the whole host: its door, its protocol, its book of workloads; and who comes to it."""
