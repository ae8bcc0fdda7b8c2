"""
A stand-in for the software of a platform for cross-border e-commerce: it sends orders, payments, waybills and returns.

It is no part of the product: it knows OAuth 2 and the public API only. Its buyers are invented. Some messages come
late, some twice, some before the order that they belong to, and some do not agree: as in life.
"""
