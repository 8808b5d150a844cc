"""View → Envoy: clusters, endpoints, listeners, routes, secrets, filters, bootstrap. Pure.

`build.build_snapshot` is the entry; `names` makes every name; `filters` holds the ordered table; `snapshots`
the result: name → content hash and framed bytes.
"""
