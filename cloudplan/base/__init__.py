"""What knows nothing of clouds: errors, units, money, languages, files, strict YAML, how values are read.

Start with `errors`, which says what can go wrong, and `yamlfile`, which reads every file that people write.
"""
