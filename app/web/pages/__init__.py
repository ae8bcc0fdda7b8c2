"""Pages of the shell: start, sign-in, dossiers, inbox, tracking and verification."""
