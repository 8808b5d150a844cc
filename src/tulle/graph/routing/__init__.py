"""Routes resolved: whom they attach to, what they match, and the shares they send where."""
