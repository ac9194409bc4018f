"""What polkit is configured by: actions (XML), rules (JavaScript of few shapes), the files of the local authority."""
