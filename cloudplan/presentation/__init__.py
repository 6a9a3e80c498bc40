"""What people and programs get to see: text, HTML, Excel, CSV. Nothing is computed here."""
