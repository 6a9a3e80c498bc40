"""What people and programs get to see: text, HTML, Excel, CSV. Nothing is computed here.

Start with `tables`, which has what is shown, and `text`, which shows it.
"""
