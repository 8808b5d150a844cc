"""Running it: logs (constant messages, values in fields), and when garbage is collected."""
