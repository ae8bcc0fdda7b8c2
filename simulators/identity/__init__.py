"""
A stand-in for a national identity provider: OpenID Connect by the book, with keys and people of its own.

Its people are plainly invented. It can be late, down, or change its keys, by its own control page; it refuses to run in
production.
"""
