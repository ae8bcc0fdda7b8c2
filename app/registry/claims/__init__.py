"""Claims: a person says for whom he or she acts, shows papers, and the desk confirms it or says why not."""
