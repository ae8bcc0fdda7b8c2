"""What changes parcels: taking messages, matching them, lists and returns."""
