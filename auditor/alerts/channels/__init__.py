"""Ways to reach people: one module per kind of channel, loaded when one is used."""
