"""The words of the mesh: names, kinds, problems, statuses, worlds.

The lowest room: everything else speaks in these values, and they know nothing of text formats, Envoy,
sockets or clocks. Read `names` first, then one file of `kinds`, then `worlds`.
"""
