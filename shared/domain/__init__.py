"""Decisions and the values they are made of: no clock, no network, no environment, standard library only."""
