"""Reading resources as Kubernetes' clients do it: get, list in pages, watch; as objects, tables or metadata.

`queries` reads what is asked for, `forms` in which form it is answered; `history` remembers the latest
revisions, from which `pages` and `events` are cut; `handlers` and `streams` do the talking.
"""
