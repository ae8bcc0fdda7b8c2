"""Files, papers, signatures and letter numbers: everything whose form or bytes carry legal force.

``store`` keeps bytes under their SHA-256; ``intake`` decides what is let in; ``typeset`` makes papers;
``signing`` signs and verifies them; ``models`` and ``service`` know which document is which. What a paper
says is the business of the module that issues it.
"""
