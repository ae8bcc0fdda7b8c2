"""Pure rules of investment: what a certificate records, what a request must satisfy, what the guide concludes."""
