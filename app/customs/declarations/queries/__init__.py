"""What is read of declarations."""
