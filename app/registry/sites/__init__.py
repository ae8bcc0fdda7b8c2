"""Sites and functional areas of the zone: where they lie, from which source, and what lies at a place."""
