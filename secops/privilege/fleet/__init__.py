"""All hosts together: the graph of accounts, ways and keys, paths in it, and the changes that cut the most."""
