print("noizylab")
