"""
A stand-in for the networks that carry messages: a mail server and gateways for SMS and Zalo.

It is no part of the product: it knows SMTP and HTTP and nothing else. What arrives is kept in memory and shown on a
page; nothing is passed on. It can be told to be late, to refuse or to be down, as the real networks are.
"""
