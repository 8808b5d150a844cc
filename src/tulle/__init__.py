"""Tulle, a service mesh: it secures, routes, observes and protects traffic between services."""

__version__ = "0.1.0"
