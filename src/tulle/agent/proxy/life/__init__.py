"""One Envoy after another: what each was started from, what is known of it on disk, when the next one is due."""
