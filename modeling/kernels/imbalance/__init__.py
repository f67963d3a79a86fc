"""The imbalance toolkit: what keeps a classifier from collapsing into its most frequent class, an option a file."""
