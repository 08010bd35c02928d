raise RuntimeError("no good at all")
