"""
A stand-in for the national investment registry, which gives each project its lifelong code of ten digits.

It is no part of the product: it knows HTTP and JSON (described in ``server``) and keeps its own book in a file. It can
be told to be late, to refuse, to be down, to take a request and lose the answer, and to give a second code.
"""
