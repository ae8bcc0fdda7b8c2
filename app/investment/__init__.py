"""Investment: licensing of projects, the certificate register, and what follows a licence.

Rests on the Law on Investment and its decree as the law data hold them. Publishes ``CertificateIssued``.
"""
