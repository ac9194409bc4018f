"""Files that root, or another account, runs or reads, and who may change what lies on the way to them."""
