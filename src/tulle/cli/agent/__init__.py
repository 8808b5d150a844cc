"""`tulle agent`: the host's agent as a process, and commands that talk to it."""
