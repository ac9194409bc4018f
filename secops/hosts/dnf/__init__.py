"""What dnf, yum's repositories and zypper keep on a host."""
