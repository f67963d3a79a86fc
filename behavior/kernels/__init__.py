"""Pure functions over a journal: what was done, which habits it shows, what they cost."""
