"""
A stand-in for the customs authority's system: it takes declarations, decides, and answers when it likes.

It is no part of the product and shares no code with it: it knows HTTP and XML (described in ``server``), keeps its own
book in a file, has its own rules (``rules``), its own opinion of rates and values (``opinion``) and draws channels by
lot. It can be told to be late, to be down, to refuse, to ask, to disagree, to take a message and lose the answer, to
answer twice, in the wrong order or with gaps.
"""
