"""The part of the API that is Kubernetes' own: its paths, words and rules, so that its clients need no change.

`reading` and `writing` hold the handlers of the kinds, `paths` where each is served.
"""
