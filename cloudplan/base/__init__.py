"""What knows nothing of clouds: errors, units, money, languages, files, strict YAML, how values are read."""
