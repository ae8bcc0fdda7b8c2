"""The JSON door of the shell, /api/v1: the same use cases as the pages, for programs."""
