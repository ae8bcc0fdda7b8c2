"""Use cases of schedules: reading a file, comparing it with what is in force, proposing, taking force."""
