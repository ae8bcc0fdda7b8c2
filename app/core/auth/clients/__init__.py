"""Programs of an enterprise: who they are, their secrets, and the short-lived tokens by which they are known."""
