"""What crosses the border of `behavior`."""
