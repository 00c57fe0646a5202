"""From what an audit saw to what people are told about: incidents open, go on and close. Pure."""
