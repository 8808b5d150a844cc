"""DNS as values: the mesh's directory and a query in, an answer or "ask others" out. Knows no sockets and no clock.

`agent.resolver` carries: it hears queries, forwards what is not ours, and remembers answers.
"""
