"""Random sequences of what people, networks and dying workers do, and the laws that hold afterwards all the same."""
