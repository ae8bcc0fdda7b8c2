"""The face of the platform: shell, components, login, inbox, search, and the types modules plug into."""
