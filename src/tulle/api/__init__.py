"""The HTTP door, on a Unix socket only its owner may open: resources, proxies, explanations, tokens, checks.

`app` has the table of routes. Paths of resources are Kubernetes' own; what Kubernetes has no word for lives
below /tulle/v1. Handlers read requests, ask the store, the reconciler or the publisher, and write answers.
"""
