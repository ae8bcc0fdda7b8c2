"""
A stand-in for the bank that collects for the zone.

It is no part of the product: it knows HTTP and JSON (described in ``server``), keeps accounts of invented firms in a
file of its own, and tells of each booking by a signed message. It can be told to pay too little or too much, under a
wrong reference, late, twice, to keep silent, to forge its signature, to replay, and to be down. No money moves.
"""
