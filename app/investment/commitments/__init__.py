"""Commitments of the special procedure: what a project promised, by when, what was shown for it, and what was found."""
