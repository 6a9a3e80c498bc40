"""Questions asked of what is there: why, what if, why not, what changed; is a catalogue or a price book sound."""
