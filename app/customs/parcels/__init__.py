"""Low-value parcels: what platforms and express firms send, the three-way match, the low-value list, returns."""
