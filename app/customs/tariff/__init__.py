"""The tariff: what rate holds for which goods from where on which day, and what taxes follow from it."""
