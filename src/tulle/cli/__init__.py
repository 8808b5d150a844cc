"""Commands, one file per group, loaded when called: `tulle --help` starts in under 150 ms."""
