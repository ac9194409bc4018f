"""What apt's files say: its configuration, sources, preferences, and the package indexes it keeps."""
