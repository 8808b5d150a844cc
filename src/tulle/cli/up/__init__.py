"""`tulle up`: a whole mesh in one terminal and one process.

`command` reads manifests; `plan` says what to start, on which ports; `place` is where everything of a run
lies, and is nowhere afterwards; `mesh` runs control plane and agents and ends them callers first; `screen`
shows it; `verdict` says whether every edge carried traffic over mutual TLS.
"""
