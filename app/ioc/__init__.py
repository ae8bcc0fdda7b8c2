"""The operations centre: boards of tiles over what the other modules do. It reads, and owns no fact of its own.

Its first tiles are indicators of Decision 766/QĐ-TTg on how public services are handled.
"""
