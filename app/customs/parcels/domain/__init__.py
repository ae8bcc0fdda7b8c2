"""What is true of parcels without a database: the match of three messages, the low-value rules, the list."""
