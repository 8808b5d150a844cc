"""The user's program: started as a child, probed for health, its output carried, ended."""
