"""The platform: a modular monolith on one database (see docs/architecture.md)."""
