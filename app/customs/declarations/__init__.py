"""Declarations: prepared once, sent to the customs authority through its gateway, followed until clearance."""
