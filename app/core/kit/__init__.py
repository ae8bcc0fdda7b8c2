"""Pure value tools, one topic per file, no input or output."""
