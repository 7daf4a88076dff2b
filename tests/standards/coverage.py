def check(readme, listed):
    return []
