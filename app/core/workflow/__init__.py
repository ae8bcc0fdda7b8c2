"""Procedures as data and the dossiers that run through them, by the legal clock."""
