"""Rules of the tariff that are true without a database: expressions of rates, customs value, the order of taxes."""
