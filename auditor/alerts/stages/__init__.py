"""The fixed stages between what happened and what people are told: each event ends with its reason. Pure."""
