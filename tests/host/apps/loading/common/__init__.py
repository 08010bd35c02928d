word = "loaded"
