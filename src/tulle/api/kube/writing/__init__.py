"""Changing resources under Kubernetes' paths: create, replace, patch, apply, delete; their status apart.

`requests` and `bodies` read what clients send, `revisions` decides purely what becomes of a resource and who owns
its fields, `deletions` how one goes, `refusals` names what cannot be; `handlers` asks the gate and answers.
"""
