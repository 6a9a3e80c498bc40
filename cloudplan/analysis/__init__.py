"""Questions asked of what is there: why, what if, why not, what changed; is a catalogue or a price book sound.

A module answers one of them; start with the one that bears the name of your command.
"""
