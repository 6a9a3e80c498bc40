# What a change is checked with, by hand and by .ci/run. `just` alone runs the checks.
# The environment is made by the command of README.md, "Test it".

bin := ".venv/bin"

# the linters, types, the order of the rooms, and whether generated files are fresh
check:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/mypy
    {{bin}}/lint-imports
    {{bin}}/python docs/generate_rules.py --check
    {{bin}}/python docs/translations.py --check

# the tests: all of them, or what is named, as in `just test tests/test_docs.py -k links`
test *tests:
    {{bin}}/pytest {{tests}}

# write what is generated, then check that the documentation is true
docs:
    {{bin}}/python docs/generate_rules.py
    {{bin}}/python docs/translations.py
    {{bin}}/pytest tests/test_docs.py

# make the site of the documentation, in build/site; a warning is a fault
site:
    {{bin}}/sphinx-build -q -W --keep-going -c docs . build/site

# draw the pictures of the documentation anew
pictures:
    {{bin}}/python docs/pictures.py

# mend what ruff can mend
fix:
    {{bin}}/ruff check --fix .
    {{bin}}/ruff format .
