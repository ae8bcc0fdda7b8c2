"""Programs outside the product that play its surroundings; they speak only the real protocols."""
