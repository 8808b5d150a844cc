"""The loop of the control plane: coalesce → compile → build → publish; statuses go back to the store.

`loop.Reconciler` follows the store and is the only one who publishes; `publish.Publisher` holds what every
proxy has to get, and what it said about it. Knows no sockets: `serve` carries snapshots to proxies and their
answers back.
"""
