"""Use cases that change declarations."""
