"""From a judged mention to a person: whether to tell them, how it looks, that it arrives once."""
