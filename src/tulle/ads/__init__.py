"""The xDS protocol as pure machines: requests and snapshots in, responses out.

Knows no sockets and no clock; `serve.ads` carries for the control plane, `agent.relay` beside each Envoy.
"""
