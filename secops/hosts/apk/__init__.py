"""What apk keeps on a host."""
