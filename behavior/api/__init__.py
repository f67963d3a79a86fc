"""The coach over HTTP."""
