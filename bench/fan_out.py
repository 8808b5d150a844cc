"""One endpoint changes, and 1,000 proxies have to know: a control plane in a process of its own.

The simulated proxies are delta-ADS clients with mTLS connections of their own in processes of their own; they
decode every response and ACK it. Measured: time from the change to the last ACK, the control plane's CPU per
push, its memory, and its CPU while nothing happens.
"""
