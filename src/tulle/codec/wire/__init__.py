"""Kubernetes' binary form of objects, which its typed clients send without asking whether a server reads it.

`kubectl create`, `auth can-i` and `auth whoami` do. `reader` reads the bytes by the tables of `messages`; what
comes out is the plain object JSON would have been. We answer in JSON, which those clients accept.
"""
