"""Schema history of the one database: a linear chain, applied as the owner of the schema."""
