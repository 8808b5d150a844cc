"""Running it: logs (constant messages, values in fields) and the control plane's own metrics."""
