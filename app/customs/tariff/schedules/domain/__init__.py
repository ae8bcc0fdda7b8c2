"""Rules of schedules that are true without a database: profiles, cells, rows, and what is wrong with them."""
