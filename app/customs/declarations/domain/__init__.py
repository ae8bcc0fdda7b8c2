"""Rules of declarations that are true without a database: types, fields, checks, the steps of a declaration."""
